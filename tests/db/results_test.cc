#include "db/results.h"

#include <catch2/catch.hpp>

#include "core/fit.h"
#include "db/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

using Catch::Matchers::Contains;

std::string Columns(Database& db, const std::string& view) {
  return db.impl().connection.QueryText("SELECT group_concat(name, ' ') FROM pragma_table_info('" +
                                        view + "')");
}

// Population "p": three members, two repeats; member 0 done with 40 and 30, member 1 done with 50
// and diverged, member 2 (own lr 0.7) one running with two epochs, one pending.
struct Study {
  Study() : db(Database::Open(folder / "a.db", OpenMode::kCreate)) {
    draws = MakeDraws(3);
    draws[2].overrides.lr = 0.7;
    draws[0].model.name = "first";
    StorePopulation(db, MakePopulation("p"), draws);
    const std::vector<int64_t> runs = PlanRuns(db, MakeWanted(db, "p", 2)).run_ids;
    const auto claim = [&] { return *ClaimNext(db, Owner::ThisProcess(), Request(runs)); };
    FinishRun(db, claim(), Done(40));
    FinishRun(db, claim(), Done(30));
    FinishRun(db, claim(), Done(50));
    FinishedRun diverged;
    diverged.state = RunState::kDiverged;
    diverged.seconds = 8;
    FinishRun(db, claim(), diverged);
    const ClaimedRun released = claim();
    RecordEpoch(db, released, {1, 0.7, 9.0, 99.0, 9.0, 99.0, 1});
    ReleaseRun(db, released);
    const ClaimedRun running = claim();
    RecordEpoch(db, running, {1, 0.7, 2.0, 80.0, 2.0, 70.0, 1});
    RecordEpoch(db, running, {2, 0.35, 1.0, 60.0, 1.0, 55.0, 1});
  }
  std::string Text(const std::string& sql) { return db.impl().connection.QueryText(sql); }
  TempFolder folder;
  std::vector<Draw> draws;
  Database db;
};

TEST_CASE("a series holds every member with its runs by seed, effective settings and fit") {
  Study s;
  const Fit fit{16, 24, 2.5, 0.125};
  StoreFits(s.db, kDefaultGridName,
            std::vector<std::pair<std::string, Fit>>{{s.draws[1].hash, fit}});
  s.db.impl().connection.Execute("INSERT INTO properties VALUES (2, 'latency', 7.5)");
  const std::vector<SeriesRecord> all = LoadSeries(s.db, {});
  REQUIRE(all.size() == 1);
  CHECK(all[0].population == "p");
  CHECK(all[0].space == "RegNetX");
  CHECK(all[0].recipe == "cifar");
  CHECK(all[0].dataset == "folder:/data");
  REQUIRE(all[0].members.size() == 3);
  const MemberRecord& first = all[0].members[0];
  CHECK(first.index == 0);
  CHECK(first.hash == s.draws[0].hash);
  CHECK(first.complexity == s.draws[0].complexity);
  REQUIRE(first.model);
  CHECK(first.model->stages == s.draws[0].model.stages);
  CHECK(first.model->regnet == s.draws[0].model.regnet);
  CHECK(first.lr == 0.1);
  CHECK(first.weight_decay == 5e-5);
  CHECK_FALSE(first.fit);
  REQUIRE(first.runs.size() == 2);
  CHECK(first.runs[0].seed == 0);
  CHECK(first.runs[0].error == 40.0);
  CHECK(first.runs[0].seconds == 2.0);
  CHECK(first.runs[1].error == 30.0);
  const MemberRecord& second = all[0].members[1];
  CHECK(second.fit == fit);
  CHECK(second.properties == std::map<std::string, double>{{"latency", 7.5}});
  CHECK(second.runs[1].state == RunState::kDiverged);
  CHECK_FALSE(second.runs[1].error);
  CHECK(all[0].members[2].lr == 0.7);
}

TEST_CASE(
    "a series tells its flop band, the fits asked for and, on request, epochs of last attempts") {
  Study s;
  const Fit other{17.5, 24, 2.5, 0.1};
  StoreFits(s.db, "another search",
            std::vector<std::pair<std::string, Fit>>{{s.draws[0].hash, other}});
  const SeriesRecord plain = LoadSeries(s.db, {}).at(0);
  CHECK(plain.band == Band{1'000'000, 2'000'000});
  CHECK_FALSE(plain.members[0].fit);
  CHECK(plain.members[2].runs[1].epochs.empty());

  const SeriesRecord detailed = LoadSeries(s.db, {}, {"another search", true}).at(0);
  CHECK(detailed.members[0].fit == other);
  CHECK_FALSE(detailed.members[1].fit);
  // The released attempt's epoch, with 99%, is not among them.
  const std::vector<EpochError>& epochs = detailed.members[2].runs[0].epochs;
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[0].epoch == 1);
  CHECK(epochs[0].test_error == 70.0);
  CHECK(epochs[1].test_error == 55.0);
  CHECK(detailed.members[0].runs[0].epochs.empty());
}

TEST_CASE("series are told apart by recipe and dataset, and filters take names and hashes") {
  Study s;
  StorePopulation(s.db, MakePopulation("q"), MakeDraws(4));
  WantedRuns wanted = MakeWanted(s.db, "q");
  wanted.recipe = MakeRecipe("longer", 0.05);
  for (WantedRun& run : wanted.runs) run.recipe = wanted.recipe;
  PlanRuns(s.db, wanted);
  PlanRuns(s.db, MakeWanted(s.db, "q"));
  CHECK(LoadSeries(s.db, {}).size() == 3);
  CHECK(LoadSeries(s.db, {{"q"}, {}, {}}).size() == 2);
  CHECK(LoadSeries(s.db, {{}, {"cifar"}, {}}).size() == 2);
  CHECK(LoadSeries(s.db, {{"q"}, {wanted.recipe.hash}, {"folder:/data"}}).size() == 1);
  CHECK(LoadSeries(s.db, {{"p"}, {"longer"}, {}}).empty());
  CHECK(LoadSeries(s.db, {{}, {}, {MakeDataset().fingerprint}}).size() == 3);
  // Every member is there, also without a run.
  CHECK(LoadSeries(s.db, {{"q"}, {"longer"}, {}})[0].members.size() == 4);
  CHECK_THAT(MessageOf([&] {
               LoadSeries(s.db, {{"P2"}, {}, {}});
             }),
             Contains("no population 'P2'"));
  CHECK_THAT(MessageOf([&] {
               LoadSeries(s.db, {{}, {"cifra"}, {}});
             }),
             Contains("no recipe with results 'cifra', did you mean 'cifar'?"));
  CHECK_THAT(MessageOf([&] {
               LoadSeries(s.db, {{}, {}, {"folder:/dat"}});
             }),
             Contains("did you mean 'folder:/data'?"));
}

TEST_CASE("two recipes of one name are shown with their hashes") {
  Study s;
  WantedRuns wanted = MakeWanted(s.db, "p");
  wanted.recipe = MakeRecipe("cifar", 0.2);
  for (WantedRun& run : wanted.runs) run.recipe = wanted.recipe;
  PlanRuns(s.db, wanted);
  const std::vector<SeriesRecord> all = LoadSeries(s.db, {});
  REQUIRE(all.size() == 2);
  CHECK(all[0].recipe == "cifar@" + MakeRecipe("cifar", 0.1).hash.substr(0, 8));
  CHECK(all[1].recipe == "cifar@" + wanted.recipe.hash.substr(0, 8));
  CHECK(LoadSeries(s.db, {{}, {"cifar"}, {}}).size() == 2);
  CHECK(LoadSeries(s.db, {{}, {all[1].recipe}, {}}).size() == 1);
}

TEST_CASE("a population without runs has no series yet") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  CHECK(LoadSeries(db, {}).empty());
  StorePopulation(db, MakePopulation("p"), MakeDraws(2));
  CHECK(LoadSeries(db, {{"p"}, {}, {}}).empty());
}

TEST_CASE("the status tells progress, workers and failures") {
  Study s;
  const std::vector<int64_t> all = PlanRuns(s.db, MakeWanted(s.db, "p", 2)).run_ids;
  const ClaimedRun run = *ClaimNext(s.db, Owner::ThisProcess(), Request(all));
  FinishedRun failed;
  failed.state = RunState::kFailed;
  failed.message = "broken image";
  FinishRun(s.db, run, failed);
  const DatabaseStatus status = LoadStatus(s.db);
  CHECK(status.populations == 1);
  CHECK(status.models == 3);
  REQUIRE(status.series.size() == 1);
  const SeriesStatus& series = status.series[0];
  CHECK(series.population == "p");
  CHECK(series.states.total() == 6);
  CHECK(series.states[RunState::kDone] == 3);
  CHECK(series.states[RunState::kDiverged] == 1);
  CHECK(series.states[RunState::kRunning] == 1);
  CHECK(series.states[RunState::kFailed] == 1);
  CHECK(series.states[RunState::kPending] + series.states[RunState::kOutOfMemory] +
            series.states[RunState::kCancelled] ==
        0);
  CHECK(series.best_error == 30.0);
  CHECK(series.mean_seconds == (2.0 + 2.0 + 2.0 + 8.0) / 4);
  REQUIRE(status.workers.size() == 1);
  CHECK(status.workers[0].model_hash == s.draws[2].hash);
  CHECK(status.workers[0].host == "here");
  CHECK(status.workers[0].attempt == 2);
  CHECK(status.workers[0].epoch == 2);
  CHECK(status.workers[0].lease_seconds > 0);
  CHECK_FALSE(status.workers[0].certainly_dead);
  REQUIRE(status.failures.size() == 1);
  CHECK(status.failures[0].message == "broken image");
}

TEST_CASE("the views keep the columns people query") {
  Study s;
  CHECK(Columns(s.db, "results") ==
        "population space model hash recipe dataset seed state error best_error flops params acts "
        "depth"
        " widths depths b g w0 wa wm lr wd seconds img_per_s e_fit micro_batch member member_id "
        "run_id precision");
  CHECK(Columns(s.db, "leaderboard") ==
        "population recipe dataset member model hash error lowest highest repeats flops params acts"
        " depth");
  CHECK(
      Columns(s.db, "progress") ==
      "population recipe dataset total pending running done diverged out_of_memory failed cancelled"
      " best_error mean_seconds");
  CHECK(Columns(s.db, "curves") ==
        "population recipe dataset member model hash seed epoch lr train_loss train_error test_loss"
        " test_error seconds");
}

TEST_CASE("results has a row for every member and run, lists as JSON text") {
  Study s;
  CHECK(s.Text("SELECT count(*) FROM results") == "6");
  CHECK(s.Text("SELECT widths || depths || b || g FROM results WHERE member = 1") ==
        "[16,32][1,2][1,1][8,8]");
  CHECK(s.Text("SELECT w0 || ' ' || wa || ' ' || wm || ' ' || lr || ' ' || wd FROM results"
               " WHERE member = 2") == "24 24.5 2 0.7 5.0e-05");
  CHECK(s.Text("SELECT model FROM results WHERE member = 0") == "first");
  CHECK(s.Text("SELECT model FROM results WHERE member = 1") == s.draws[1].hash);
  // Without drawn parameters, those of the stored fit.
  s.db.impl().connection.Execute("UPDATE members SET parameters = NULL");
  StoreFits(s.db, kDefaultGridName,
            std::vector<std::pair<std::string, Fit>>{{s.draws[1].hash, {40, 48, 1.75, 0.5}}});
  CHECK(
      s.Text("SELECT w0 || ' ' || wa || ' ' || wm || ' ' || e_fit FROM results WHERE member = 1") ==
      "40.0 48.0 1.75 0.5");
}

TEST_CASE("the leaderboard has members by mean error, curves the last attempt") {
  Study s;
  CHECK(
      s.Text(
          "SELECT group_concat(member || ':' || error || ':' || lowest || ':' || highest || ':' ||"
          " repeats, ' ') FROM leaderboard") == "0:35.0:30.0:40.0:2 1:50.0:50.0:50.0:1");
  CHECK(
      s.Text("SELECT group_concat(member || ':' || seed || ':' || epoch || ':' || test_error, ' ')"
             " FROM curves") == "2:0:1:70.0 2:0:2:55.0");
}

}  // namespace
}  // namespace dse
