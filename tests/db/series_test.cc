#include "db/series.h"

#include <catch2/catch.hpp>

#include "core/fit.h"
#include "db/fits.h"
#include "db/plan.h"
#include "db/populations.h"
#include "tests/db/trained_study.h"

namespace dse::series_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a series holds every member with its runs by seed, effective settings and fit") {
  TrainedStudy s;
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
  TrainedStudy s;
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
  TrainedStudy s;
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
  TrainedStudy s;
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

}  // namespace
}  // namespace dse::series_test
