#include "db/run_list.h"

#include <catch2/catch.hpp>

#include "db/claims.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/run_history.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::run_list_test {
namespace {

using Catch::Matchers::Contains;
using Ids = std::vector<int64_t>;

// Population p of three networks with two repeats, and q of the last two of them, named, and one
// more: runs 1 to 6 by member and seed, q's own 7 and 8. Run 1 is done, run 2 failed.
struct Study {
  Study() : db(Database::Open(folder / "a.db", OpenMode::kCreate)) {
    StorePopulation(db, MakePopulation("p"), MakeDraws(3));
    std::vector<Draw> draws = MakeDraws(3, 16);
    for (Draw& draw : draws) draw.model.name = "net-" + std::to_string(draw.index);
    StorePopulation(db, MakePopulation("q"), draws);
    PlanRuns(db, MakeWanted(db, "p", 2));
    PlanRuns(db, MakeWanted(db, "q", 2));
    const Owner owner = Owner::ThisProcess();
    const ClaimedRun first = ClaimNext(db, owner, Request({1})).value();
    RecordEpoch(db, first, {1, 0.1, 2.0, 60.0, 1.5, 45.0, 3.0});
    FinishRun(db, first, Done(40));
    FinishedRun failure;
    failure.state = RunState::kFailed;
    failure.message = "no luck";
    FinishRun(db, ClaimNext(db, owner, Request({2})).value(), failure);
  }
  Ids Find(const RunFilter& filter) {
    Ids ids;
    for (const ListedRun& run : ListRuns(db, filter)) ids.push_back(run.id);
    return ids;
  }
  TempFolder folder;
  Database db;
};

TEST_CASE("a listed run says what it is and what became of it") {
  Study study;
  const std::vector<ListedRun> runs = ListRuns(study.db, {});
  REQUIRE(runs.size() == 8);
  const ListedRun& done = runs[0];
  CHECK(done.id == 1);
  CHECK(done.populations == std::vector<std::string>{"p"});
  CHECK(done.member == 0);
  CHECK(done.model == MakeDraws(1)[0].hash);
  CHECK(done.hash == done.model);
  CHECK(done.recipe == "cifar");
  CHECK(done.dataset == "folder:/data");
  CHECK(done.seed == 0);
  CHECK(done.state == RunState::kDone);
  CHECK(done.error == 40);
  CHECK(done.attempts == 1);
  CHECK(done.seconds == 2);
  CHECK(runs[1].state == RunState::kFailed);
  CHECK(runs[1].message == "no luck");
  // Shared by p and q: both are told, and the names are those of the first.
  CHECK(runs[2].populations == std::vector<std::string>{"p", "q"});
  CHECK(runs[2].member == 1);
  CHECK(runs[6].populations == std::vector<std::string>{"q"});
  CHECK(runs[6].model == "net-2");
  const RunHistory history = LoadRunHistory(study.db, 1);
  REQUIRE(history.attempts.size() == 1);
  CHECK(history.attempts[0].outcome == "done");
  CHECK(history.attempts[0].error == 40);
  REQUIRE(history.epochs.size() == 1);
  CHECK(history.epochs[0].epoch.test_error == 45);
  CHECK(history.evaluations.empty());
}

TEST_CASE("filters choose runs by what they are, and all of them must hold") {
  Study study;
  RunFilter filter;
  CHECK(filter.empty());
  CHECK(study.Find(filter) == Ids{1, 2, 3, 4, 5, 6, 7, 8});
  filter.series.populations = {"q"};
  CHECK(study.Find(filter) == Ids{3, 4, 5, 6, 7, 8});
  filter.seeds = {1};
  CHECK(study.Find(filter) == Ids{4, 6, 8});
  filter.models = {"net-2", MakeDraws(3)[1].hash};
  CHECK(study.Find(filter) == Ids{4, 8});
  filter.ids = {8, 3};
  CHECK(study.Find(filter) == Ids{8});
  CHECK_FALSE(filter.empty());
  RunFilter states;
  states.states = {RunState::kDone, RunState::kFailed};
  CHECK(study.Find(states) == Ids{1, 2});
  RunFilter series;
  series.series.recipes = {"cifar"};
  series.series.datasets = {MakeDataset().fingerprint};
  CHECK(study.Find(series).size() == 8);
}

TEST_CASE("a filter that names what is not there is an error with the nearest name") {
  Study study;
  RunFilter filter;
  filter.models = {"net-22"};
  CHECK_THAT(MessageOf([&] { study.Find(filter); }), Contains("did you mean 'net-2'?"));
  filter.models = {};
  filter.ids = {9};
  CHECK_THAT(MessageOf([&] { study.Find(filter); }), Contains("has no run 9"));
  filter.ids = {};
  filter.series.recipes = {"cifra"};
  CHECK_THAT(MessageOf([&] { study.Find(filter); }), Contains("did you mean 'cifar'?"));
}

}  // namespace
}  // namespace dse::run_list_test
