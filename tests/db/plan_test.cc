#include "db/plan.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "db/claims.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/populations.h"
#include "tests/db/run_study.h"

namespace dse::plan_test {
namespace {

TEST_CASE("the key of a run depends on each of its four parts") {
  const std::string key = RunKey("model", "recipe", "data", 1);
  CHECK(key == ShortHash(R"(["model","recipe","data",1])"));
  const std::set<std::string> keys = {
      key, RunKey("model2", "recipe", "data", 1), RunKey("model", "recipe2", "data", 1),
      RunKey("model", "recipe", "data2", 1), RunKey("model", "recipe", "data", 2)};
  CHECK(keys.size() == 5);
}

TEST_CASE("planning inserts what is missing, once, and counting tells the same without writing") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(3));
  const WantedRuns wanted = MakeWanted(db, "p", 2);
  const PlanSummary before = CountRuns(db, wanted);
  CHECK(before.inserted == 6);
  CHECK(before.states[RunState::kPending] == 6);
  CHECK(before.run_ids.empty());
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "0");

  const PlanSummary plan = PlanRuns(db, wanted);
  CHECK(plan.inserted == 6);
  CHECK(plan.states[RunState::kPending] == 6);
  CHECK(plan.run_ids.size() == 6);
  const PlanSummary again = PlanRuns(db, MakeWanted(db, "p", 3));
  CHECK(again.inserted == 3);
  CHECK(again.states[RunState::kPending] == 9);

  const ClaimedRun run = ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids)).value();
  CHECK(FinishRun(db, run, Done(30)));
  for (const PlanSummary& now : {CountRuns(db, wanted), CountRuns(db, plan.run_ids)}) {
    CHECK(now.run_ids == plan.run_ids);
    CHECK(now.inserted == 0);
    CHECK(now.states[RunState::kPending] == 5);
    CHECK(now.states[RunState::kDone] == 1);
    CHECK(now.best_error == 30);
  }
}

TEST_CASE("two populations with the same network share its run") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(3));
  StorePopulation(db, MakePopulation("q"), MakeDraws(4));
  CHECK(PlanRuns(db, MakeWanted(db, "p")).inserted == 3);
  CHECK(PlanRuns(db, MakeWanted(db, "q")).inserted == 1);
  CHECK(Column(db, "SELECT count(*) FROM series") == "2");
  CHECK(Column(db, "SELECT count(*) FROM series_runs") == "7");
  CHECK(Column(db, "SELECT count(*) FROM runs") == "4");
}

TEST_CASE("a member's own learning rate makes its effective recipe, within one series") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(2);
  draws[1].overrides.lr = 0.7;
  StorePopulation(db, MakePopulation("p"), draws);
  const PlanSummary plan = PlanRuns(db, MakeWanted(db, "p"));
  CHECK(Column(db, "SELECT count(*) FROM series") == "1");
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "2");
  ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids));
  const ClaimedRun second = ClaimNext(db, Owner::ThisProcess(), Request(plan.run_ids)).value();
  CHECK(second.recipe_json == MakeRecipe("cifar", 0.7).document.str());
  CHECK(second.fingerprint == MakeDataset().fingerprint);
  CHECK(ModelHash(ParseModel(ParseJson(second.model_json, "run"), "run")) == draws[1].hash);
}

TEST_CASE("a plan with an unknown member, a wrong model or a seed too large changes nothing") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(2));
  WantedRuns wanted = MakeWanted(db, "p");
  SECTION("unknown member") { wanted.runs[1].member_id = 99; }
  SECTION("wrong model") { wanted.runs[1].model_hash = wanted.runs[0].model_hash; }
  SECTION("seed") { wanted.runs[1].seed = ~uint64_t{0}; }
  CHECK(MessageOf([&] { PlanRuns(db, wanted); }) != "");
  CHECK(Column(db, "SELECT count(*) FROM runs") == "0");
  CHECK(Column(db, "SELECT count(*) FROM recipes") == "0");
}

}  // namespace
}  // namespace dse::plan_test
