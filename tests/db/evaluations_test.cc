#include "db/evaluations.h"

#include <catch2/catch.hpp>

#include "core/json.h"
#include "tests/db/fixtures.h"

namespace dse::evaluations_test {
namespace {

TEST_CASE("a test of kept weights is stored once for a run and a dataset") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const DatasetRow data{"fedcba9876543210", "folder:new", 10, 100, 60};
  const DoneRun done = LoadDoneRuns(db, {}, {})[1];
  const int64_t run = done.run_id;
  CHECK_FALSE(FindEvaluation(db, run, data.fingerprint));
  CHECK(StoreEvaluation(db, done, data, {12.5, 0.75, 60, "test", 10}));
  CHECK(StoreEvaluation(db, done, data, {13.5, std::nullopt, 60, "val", 7}));
  DoneRun earlier = done;
  ++earlier.attempt;
  CHECK_FALSE(StoreEvaluation(db, earlier, data, {1, std::nullopt, 60, "val", 7}));
  DoneRun other = done;
  other.key = "0123456789abcdef";
  CHECK_FALSE(StoreEvaluation(db, other, data, {1, std::nullopt, 60, "val", 7}));
  const std::optional<Evaluation> found = FindEvaluation(db, run, data.fingerprint);
  REQUIRE(found);
  CHECK(found->error == 13.5);
  CHECK_FALSE(found->loss);
  CHECK(found->images == 60);
  CHECK(found->split == "val");
  CHECK(found->classes == 7);
  const auto older = FindEvaluation(db, LoadDoneRuns(db, {}, {})[0].run_id, "0123456789abcdef");
  CHECK(older->error == 61.5);
  CHECK(older->split.empty());
  CHECK(older->classes == 0);
}

}  // namespace
}  // namespace dse::evaluations_test
