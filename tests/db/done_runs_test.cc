#include "db/done_runs.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/db/fixtures.h"

namespace dse::done_runs_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("done runs come with what it takes to test their weights") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const std::vector<DoneRun> runs = LoadDoneRuns(db, {}, {});
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].key.size() == 16);
  CHECK(runs[0].error == 90.625);
  CHECK(runs[0].fingerprint.size() == 16);
  CHECK_THAT(runs[0].model_json, Contains("\"widths\""));
  CHECK_THAT(runs[0].recipe_json, Contains("\"epochs\":1"));
  CHECK(LoadDoneRuns(db, {"RegNetX"}, {}).size() == 2);
  CHECK_THAT(MessageOf([&] { LoadDoneRuns(db, {"RegNetY"}, {}); }), Contains("RegNetX"));
}

TEST_CASE("a network's error is the mean of its runs, if they are comparable") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const std::string hash =
      ModelHash(ParseModel(ParseJson(LoadDoneRuns(db, {}, {})[0].model_json, "row"), "row"));
  CHECK(FindError(db, hash) == 90.625);
  CHECK_FALSE(FindError(db, "0000000000000000"));
}

}  // namespace
}  // namespace dse::done_runs_test
