#include "db/plan.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "runner/work/plan.h"
#include "runner/work/train.h"

namespace dse::plan_test {
namespace {

StoredMember MakeMember(int64_t id, int classes) {
  StoredMember member;
  member.member_id = id;
  member.population = "P";
  member.draw.model.frame.classes = classes;
  member.draw.hash = "hash" + std::to_string(id);
  return member;
}

DatasetInfo TenClasses() {
  DatasetInfo data;
  data.uri = "synthetic";
  data.fingerprint = "f";
  data.class_names.assign(10, "c");
  return data;
}

}  // namespace

TEST_CASE("a plan has every member once for each repeat, with following seeds") {
  const std::vector<StoredMember> members{MakeMember(1, 10), MakeMember(2, 10)};
  const WantedRuns wanted = MakePlan(members, LoadRecipe("cifar"), TenClasses(), 7, 2);
  REQUIRE(wanted.runs.size() == 4);
  CHECK(wanted.runs[0].member_id == 1);
  CHECK(wanted.runs[1].member_id == 2);
  CHECK(wanted.runs[1].seed == 7);
  CHECK(wanted.runs[2].member_id == 1);
  CHECK(wanted.runs[2].seed == 8);
  CHECK(wanted.recipe.name == "cifar");
  CHECK(wanted.runs[3].recipe.hash == wanted.recipe.hash);
  CHECK(wanted.dataset.classes == 10);
}

TEST_CASE("a member's own learning rate changes the recipe of its run alone") {
  std::vector<StoredMember> members{MakeMember(1, 10), MakeMember(2, 10)};
  members[1].draw.overrides.lr = 0.5;
  const WantedRuns wanted = MakePlan(members, Recipe{}, TenClasses(), 0, 1);
  CHECK(wanted.runs[0].recipe.hash == wanted.recipe.hash);
  CHECK(wanted.runs[1].recipe.hash != wanted.recipe.hash);
  // Documents are whole, so that SQL finds every setting in them.
  const Json document = ParseJson(wanted.runs[1].recipe.document.str(), "document");
  CHECK(document.at("lr") == 0.5);
  CHECK(document.at("weight_decay") == 5e-5);
  CHECK(ParseJson(wanted.recipe.document.str(), "document").at("lr") == 0.05);
}

TEST_CASE("a plan for networks with other classes than the data names both numbers") {
  const std::vector<StoredMember> members{MakeMember(1, 1000)};
  CHECK_THROWS_WITH(MakePlan(members, Recipe{}, TenClasses(), 0, 1),
                    Catch::Contains("1000 classes") && Catch::Contains("--classes 10"));
}

}  // namespace dse::plan_test
