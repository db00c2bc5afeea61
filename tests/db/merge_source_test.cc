#include "db/merge_source.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/db/run_study.h"

namespace dse::merge_source_test {
namespace {

TEST_CASE("a file is in use by runs of living jobs, not by those of jobs that ended") {
  RunStudy s(3);
  for (int i = 0; i < 3; ++i) s.Claim(1000);
  WritableConnection(s.db).Execute(
      "UPDATE runs SET owner = owner || '/slurm:mars:1000:' || id || ':500' WHERE id < 3");
  const MergeSource source(s.path);
  const auto in_use = [&](std::vector<int64_t> ended_jobs) {
    const std::optional<FileUse> use = source.InUse([&](std::span<const Owner> owners) {
      std::vector<bool> ended;
      for (const Owner& owner : owners) {
        ended.push_back(std::ranges::count(ended_jobs, owner.job()->id) > 0);
      }
      return ended;
    });
    return use ? use->runs : 0;
  };
  CHECK(source.InUse()->runs == 3);
  CHECK(in_use({}) == 3);
  CHECK(in_use({1}) == 2);
  CHECK(source.InUse()->run_id == 1);
  CHECK(in_use({1, 2}) == 1);
  WritableConnection(s.db).Execute("UPDATE runs SET lease_expires = 1 WHERE id = 3");
  CHECK(in_use({1, 2}) == 0);
  CHECK(in_use({2}) == 1);
}

}  // namespace
}  // namespace dse::merge_source_test
