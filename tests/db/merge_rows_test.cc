#include <catch2/catch.hpp>
#include <filesystem>

#include "db/merge.h"
#include "db/merge_source.h"
#include "db/run_changes.h"
#include "tests/db/run_study.h"

namespace dse::merge_rows_test {
namespace {

using Catch::Matchers::Contains;

// A study and a shard of the same runs.
struct TwoFiles {
  explicit TwoFiles(int runs) : file(runs), shard(runs) {}
  MergeSummary Merge(const MergeOptions& options = {}) {
    return MergeRows(file.db, shard.path, shard.path, options);
  }
  HeldStudy file;
  HeldStudy shard;
};

}  // namespace

TEST_CASE("a result of a run that is cancelled in the file counts once the run is wanted again") {
  TwoFiles f(1);
  REQUIRE(FinishRun(f.shard.db, f.shard.Claim(), Done(12)));
  WritableConnection(f.file.db).Execute("UPDATE runs SET state = 'cancelled'");
  for (int i = 0; i < 2; ++i) {
    const MergeSummary summary = f.Merge();
    CHECK(summary.cancelled == 1);
    CHECK(summary.results == 0);
    CHECK(summary.attempts == 0);
  }
  WritableConnection(f.file.db).Execute("UPDATE runs SET state = 'pending'");
  CHECK(f.Merge().results == 1);
  CHECK(Column(f.file.db, "SELECT state || ' ' || error FROM runs") == "done 12.0");
  CHECK(f.Merge().rows == 0);
}

TEST_CASE("results of one error and two best errors are a conflict") {
  TwoFiles f(1);
  FinishedRun other = Done(12);
  other.best_error = 11;
  REQUIRE(FinishRun(f.file.db, f.file.Claim(), Done(12)));
  REQUIRE(FinishRun(f.shard.db, f.shard.Claim(), other));
  const MergeSummary summary = f.Merge();
  REQUIRE(summary.conflicts.size() == 1);
  CHECK(summary.conflicts[0].other_error == 12);
  CHECK(summary.conflicts[0].other_best_error == 11);
  CHECK(summary.conflicts[0].best_error == Done(12).best_error);
}

TEST_CASE("two values of one property are told, and the file's stays") {
  TwoFiles f(1);
  const std::string insert = "INSERT INTO properties SELECT min(id), 'latency', ";
  WritableConnection(f.file.db).Execute(insert + "2.5 FROM members");
  WritableConnection(f.shard.db).Execute(insert + "3.5 FROM members");
  for (int i = 0; i < 2; ++i) {
    const MergeSummary summary = f.Merge();
    REQUIRE(summary.properties.size() == 1);
    CHECK(summary.properties[0].population == "p");
    CHECK(summary.properties[0].name == "latency");
    CHECK(summary.properties[0].value == 2.5);
    CHECK(summary.properties[0].other_value == 3.5);
  }
  MergeOptions first;
  first.prefer = Prefer::kFirst;
  CHECK(f.Merge(first).properties.empty());
  CHECK(Column(f.file.db, "SELECT value FROM properties") == "2.5");
}

}  // namespace dse::merge_rows_test
