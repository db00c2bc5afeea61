#include "db/additions.h"

#include <catch2/catch.hpp>

#include "db/claims.h"
#include "db/documents.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::additions_test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

using Errors = std::vector<std::optional<double>>;  // empty: the run diverges

struct File {
  // Trains the first members of a population with MakeRecipe(recipe, lr): `errors` by member, then
  // repeat. `lowest` is how far the lowest error over epochs lies below the last one, by run.
  void Train(const std::string& population, const Errors& errors, int repeats = 1,
             const RecipeRow& recipe = MakeRecipe("cifar", 0.1), std::vector<double> lowest = {}) {
    WantedRuns wanted = MakeWanted(db, population, repeats);
    wanted.recipe = recipe;
    for (WantedRun& run : wanted.runs) run.recipe = recipe;
    const std::vector<int64_t> runs = PlanRuns(db, wanted).run_ids;
    lowest.resize(errors.size());
    for (size_t i = 0; i < errors.size(); ++i) {
      FinishedRun result;
      result.state = errors[i] ? RunState::kDone : RunState::kDiverged;
      result.error = errors[i];
      if (errors[i]) result.best_error = *errors[i] - lowest[i];
      FinishRun(db, *ClaimNext(db, Owner::ThisProcess(), Request(runs)), result);
    }
  }
  std::string Text(const std::string& sql) { return db.impl().connection.QueryText(sql); }
  std::string BestMessage(const BestRequest& request, const std::string& population = "best") {
    return MessageOf([&] { AddBest(db, population, request); });
  }
  // Indices in population p of those chosen.
  std::vector<int64_t> Chosen(const BestRequest& request) {
    std::vector<int64_t> indices;
    for (const RankedMember& member : AddBest(db, "best", request).members) {
      indices.push_back(member.draw.index);
    }
    return indices;
  }

  TempFolder folder;
  std::string path = folder / "a.db";
  Database db = Database::Open(path, OpenMode::kCreate);
};

BestRequest Best(int64_t count, std::optional<std::string> recipe = {}) {
  BestRequest request;
  request.from = "p";
  request.count = count;
  request.recipe = std::move(recipe);
  return request;
}

TEST_CASE("a population named by hand is made, holds networks in order and grows") {
  File file;
  const std::vector<Draw> draws = MakeDraws(4);
  StoreSummary summary = AddMembers(file.db, "mine", std::vector{draws[2], draws[0]});
  CHECK(summary.inserted == 2);
  CHECK(summary.existing == 0);
  // One that is there, one twice, two new.
  summary = AddMembers(file.db, "mine", std::vector{draws[3], draws[0], draws[3], draws[1]});
  CHECK(summary.inserted == 2);
  CHECK(summary.existing == 2);
  CHECK(summary.Text() == "2 members added, 2 there already");

  const std::vector<PopulationSummary> list = ListPopulations(file.db);
  REQUIRE(list.size() == 1);
  CHECK(list[0].record.origin == "named");
  CHECK(list[0].record.space_name == "");
  CHECK_FALSE(list[0].record.seed);
  CHECK_FALSE(list[0].record.band);
  CHECK(list[0].record.candidates == 0);
  const std::vector<StoredMember> members = LoadMembers(file.db, {});
  REQUIRE(members.size() == 4);
  const size_t order[] = {2, 0, 3, 1};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(members[i].draw.index == static_cast<int64_t>(i));
    CHECK(members[i].draw.hash == draws[order[i]].hash);
  }
  CHECK(file.Text("SELECT count(*) FROM members WHERE candidate IS NOT NULL") == "0");
}

TEST_CASE("processes that add the same networks at once add each of them once") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  std::vector<int> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(StartChild([&] {
      Database db = Database::Open(path, OpenMode::kCreate);
      for (const Draw& draw : MakeDraws(10)) AddMembers(db, "mine", std::vector{draw});
    }));
  }
  for (const int child : children) CHECK(WaitForChild(child) == 0);
  Database db = Database::Open(path, OpenMode::kReadOnly);
  const std::vector<StoredMember> members = LoadMembers(db, {});
  REQUIRE(members.size() == 10);
  for (size_t i = 0; i < 10; ++i) CHECK(members[i].draw.hash == MakeDraws(10)[i].hash);
}

TEST_CASE("the same network with its own learning rate is another member") {
  File file;
  std::vector<Draw> draws{MakeDraws(1)[0], MakeDraws(1)[0]};
  draws[1].overrides.lr = 0.3;
  CHECK(AddMembers(file.db, "mine", draws).inserted == 2);
  CHECK(AddMembers(file.db, "mine", draws).existing == 2);
  draws[1].overrides.weight_decay = 1e-4;
  CHECK(AddMembers(file.db, "mine", draws).inserted == 1);
  CHECK(file.Text("SELECT count(*) FROM models") == "1");
}

TEST_CASE("a network that is there keeps the name first given") {
  File file;
  std::vector<Draw> draws = MakeDraws(1);
  draws[0].model.name = "first";
  AddMembers(file.db, "mine", draws);
  draws[0].model.name = "second";
  CHECK(AddMembers(file.db, "mine", draws).existing == 1);
  CHECK(LoadMembers(file.db, {})[0].draw.model.name == "first");
}

TEST_CASE("populations drawn, named and imported are not mixed") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(2));
  AddMembers(file.db, "mine", MakeDraws(1));
  CHECK(MessageOf([&] { AddMembers(file.db, "p", MakeDraws(3)); }) ==
        file.path +
            ": population 'p' was drawn from space 'RegNetX', not named by hand; the two cannot be "
            "mixed, so choose another name");
  CHECK_THAT(MessageOf([&] { StorePopulation(file.db, MakePopulation("mine"), MakeDraws(2)); }),
             Contains("'mine' was named by hand, not drawn from space 'RegNetX'"));
  file.db.impl().connection.Execute(
      "INSERT INTO populations(key, name, origin, candidates, sampler_version)"
      " VALUES ('0123456789abcdef', 'old', 'imported', 0, 0)");
  CHECK_THAT(MessageOf([&] { AddMembers(file.db, "old", MakeDraws(1)); }),
             Contains("'old' was imported, not named by hand"));
  CHECK_THAT(MessageOf([&] { AddMembers(file.db, "", MakeDraws(1)); }),
             EndsWith("a population needs a name"));
  CHECK(file.Text("SELECT count(*) FROM members") == "3");
}

TEST_CASE("the best members come with error, overrides, name and parameters") {
  File file;
  std::vector<Draw> draws = MakeDraws(3);
  draws[1].overrides = {0.3, 1e-4};
  draws[1].model.name = "winner";
  StorePopulation(file.db, MakePopulation("p"), draws);
  file.Train("p", {50, 40, 45});
  const BestSummary best = AddBest(file.db, "best", Best(2));
  CHECK(best.stored.inserted == 2);
  REQUIRE(best.members.size() == 2);
  CHECK(best.members[0].error == 40);
  CHECK(best.members[0].repeats == 1);
  CHECK(best.members[0].draw.index == 1);
  CHECK(best.members[0].draw.model.name == "winner");
  CHECK(best.members[1].error == 45);

  const std::vector<StoredMember> members = LoadMembers(file.db, std::vector<std::string>{"best"});
  REQUIRE(members.size() == 2);
  CHECK(members[0].draw.index == 0);
  CHECK(members[0].draw.hash == draws[1].hash);
  CHECK(members[0].draw.overrides == draws[1].overrides);
  CHECK(members[0].draw.model.name == "winner");
  CHECK(members[0].draw.model.regnet == draws[1].model.regnet);
  CHECK(members[1].draw.hash == draws[2].hash);
  CHECK(members[1].draw.overrides.empty());

  const BestSummary again = AddBest(file.db, "best", Best(3));
  CHECK(again.stored.inserted == 1);
  CHECK(again.stored.existing == 2);
}

TEST_CASE("a member's error is the mean of its done repeats, and ties go by index") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(5));
  // Means 40.3, 40.3, 30 (of one), none, 35 (of one). In doubles the first comes out above the
  // second: (40.0 + 40.2) + 40.7 > (40.3 + 40.3) + 40.3.
  REQUIRE((40.0 + 40.2) + 40.7 > (40.3 + 40.3) + 40.3);
  const std::optional<double> none;
  const Errors first{40.0, 40.2, 40.7}, second{40.3, 40.3, 40.3}, third{none, 30, none};
  const Errors fourth(3, none), fifth{35, none, none};
  Errors errors;
  for (const Errors& member : {first, second, third, fourth, fifth}) {
    errors.insert(errors.end(), member.begin(), member.end());
  }
  file.Train("p", errors, 3);
  const BestSummary best = AddBest(file.db, "best", Best(4));
  REQUIRE(best.members.size() == 4);
  CHECK(best.members[0].draw.index == 2);
  CHECK(best.members[0].error == 30);
  CHECK(best.members[0].repeats == 1);
  CHECK(best.members[1].draw.index == 4);
  CHECK(best.members[2].draw.index == 0);
  CHECK(best.members[2].error == Approx(40.3));
  CHECK(best.members[2].repeats == 3);
  CHECK(best.members[3].draw.index == 1);
}

TEST_CASE("too few members with an error are counted and nothing is changed") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(4));
  CHECK(file.BestMessage(Best(1)) ==
        file.path + ": population 'p' has no finished runs to tell the best by");
  file.Train("p", {50, {}, 40});  // one diverged, one never trained
  CHECK(file.BestMessage(Best(3)) ==
        file.path +
            ": population 'p' has too few members with an error of recipe 'cifar' on "
            "'folder:/data': 2 of the 3 asked for");
  CHECK(ListPopulations(file.db).size() == 1);
  CHECK(file.Chosen(Best(2)) == std::vector<int64_t>{2, 0});
}

TEST_CASE("the lowest error over epochs may choose others than the last") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(3));
  file.Train("p", {50, 40, 45}, 1, MakeRecipe("cifar", 0.1), {20, 0, 7});
  CHECK(file.Chosen(Best(3)) == std::vector<int64_t>{1, 2, 0});
  BestRequest request = Best(3);
  request.error = ErrorKind::kBest;
  CHECK(file.Chosen(request) == std::vector<int64_t>{0, 2, 1});  // 30, 38, 40
  // Imported runs may have no lowest error.
  file.db.impl().connection.Execute("UPDATE runs SET best_error = NULL WHERE error = 50");
  CHECK_THAT(file.BestMessage(request), EndsWith("2 of the 3 asked for"));
}

TEST_CASE("results of several recipes or datasets are listed to choose from") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(2));
  StorePopulation(file.db, MakePopulation("q"), MakeDraws(2));
  const RecipeRow longer = MakeRecipe("longer", 0.05);
  file.Train("p", {50, 40});
  file.Train("p", {}, 1, longer);  // planned only: no results to choose from
  CHECK(file.Chosen(Best(1)) == std::vector<int64_t>{1});
  CHECK(file.BestMessage(Best(1, "longer")) ==
        file.path +
            ": population 'p' has no finished runs of that recipe and dataset, only of recipe "
            "'cifar' on 'folder:/data'");
  file.Train("p", {20, 30}, 1, longer);
  const std::string several =
      file.path +
      ": population 'p' has results of several recipes or datasets, say which with --recipe or "
      "--data: ";
  CHECK(file.BestMessage(Best(1)) ==
        several + "recipe 'cifar' on 'folder:/data', recipe 'longer' on 'folder:/data'");
  CHECK(file.Chosen(Best(1, "cifar")) == std::vector<int64_t>{1});
  CHECK(file.Chosen(Best(1, "longer")) == std::vector<int64_t>{0});
  CHECK(file.Chosen(Best(1, longer.hash)) == std::vector<int64_t>{0});
  // A second one of the same name is told apart by the digits the views show.
  const RecipeRow other = MakeRecipe("cifar", 0.2);
  file.Train("p", {10, 15}, 1, other);
  CHECK_THAT(file.BestMessage(Best(1, "cifar")),
             Contains("recipe 'cifar@" + other.hash.substr(0, 8) + "' on"));
  CHECK(file.Chosen(Best(1, "cifar@" + other.hash.substr(0, 8))) == std::vector<int64_t>{0});
  BestRequest request = Best(1, "longer");
  request.dataset = MakeDataset().uri;
  CHECK(file.Chosen(request) == std::vector<int64_t>{0});
}

TEST_CASE("unknown populations, recipes and datasets suggest the nearest") {
  File file;
  StorePopulation(file.db, MakePopulation("first"), MakeDraws(1));
  file.Train("first", {50});
  BestRequest request = Best(1);
  request.from = "frist";
  CHECK_THAT(file.BestMessage(request), Contains("no population 'frist', did you mean 'first'?"));
  request.from = "first";
  request.recipe = "cifra";
  CHECK_THAT(file.BestMessage(request), Contains("did you mean 'cifar'?"));
  request.recipe.reset();
  request.dataset = "folder:/dat";
  CHECK_THAT(file.BestMessage(request), Contains("did you mean 'folder:/data'?"));
}

TEST_CASE("the best go neither into a drawn population nor out of imported numbers") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(2));
  file.Train("p", {50, 40});
  CHECK_THAT(file.BestMessage(Best(1), "p"), Contains("the two cannot be mixed"));
  file.db.impl().connection.Execute(
      "UPDATE members SET model_id = NULL WHERE idx = 1; DELETE FROM stages WHERE model_id = 2");
  CHECK(file.BestMessage(Best(1)) ==
        file.path +
            ": member 1 of population 'p' (error 40) was imported without its network and cannot "
            "be added");
  CHECK(ListPopulations(file.db).size() == 1);
}

TEST_CASE("what is added shares the runs the network has already") {
  File file;
  StorePopulation(file.db, MakePopulation("p"), MakeDraws(3));
  file.Train("p", {50, 40, 45});
  AddBest(file.db, "best", Best(2));
  const PlanSummary plan = PlanRuns(file.db, MakeWanted(file.db, "best", 5));
  CHECK(plan.states.total() == 10);
  CHECK(plan.inserted == 8);
  CHECK(plan.states[RunState::kDone] == 2);
}

}  // namespace
}  // namespace dse::additions_test
