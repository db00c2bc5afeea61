#include <catch2/catch.hpp>
#include <filesystem>

#include "db/merge.h"
#include "db/merge_source.h"
#include "db/run_changes.h"
#include "tests/db/run_study.h"

namespace dse {
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

}  // namespace dse
