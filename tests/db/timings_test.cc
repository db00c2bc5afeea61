#include "db/timings.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/model.h"
#include "core/named_models.h"
#include "db/done_runs.h"
#include "tests/db/fixtures.h"

namespace dse::timings_test {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a timing is found by its key, and its network is stored with it") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const Model model = NamedModel("regnetx-200mf");
  TimingKey key{ModelHash(model), true, "cpu", "fp32", 2, 8};
  CHECK_FALSE(FindTiming(db, key));
  StoreTiming(db, model, key, {20, 18, 25, 10, "LibTorch 2.11.0"});
  StoreTiming(db, model, key, {21, 18, 25, 10, "LibTorch 2.11.0"});
  const std::optional<Timing> found = FindTiming(db, key);
  REQUIRE(found);
  CHECK(found->milliseconds == 21);
  CHECK(found->lowest == 18);
  CHECK(found->highest == 25);
  CHECK(found->samples == 10);
  key.training = false;
  CHECK_FALSE(FindTiming(db, key));
}

TEST_CASE("all timings of the members' networks are listed, those of other networks are not") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const size_t before = LoadTimings(db).size();
  const Model member = ParseModel(ParseJson(LoadDoneRuns(db, {}, {})[0].model_json, "row"), "row");
  const TimingKey key{ModelHash(member), false, "NVIDIA H200", "bf16", 0, 64};
  StoreTiming(db, member, key, {3, 2.5, 4, 10, "LibTorch 2.11.0"});
  const Model stranger = NamedModel("regnetx-200mf");
  StoreTiming(db, stranger, {ModelHash(stranger), true, "cpu", "fp32", 2, 8},
              {20, 18, 25, 10, "x"});
  const std::vector<TimingRecord> timings = LoadTimings(db);
  REQUIRE(timings.size() == before + 1);
  const auto added = std::ranges::find(timings, "NVIDIA H200", &TimingRecord::device);
  REQUIRE(added != timings.end());
  CHECK(added->model_hash == key.model_hash);
  CHECK_FALSE(added->training);
  CHECK(added->precision == "bf16");
  CHECK(added->threads == 0);
  CHECK(added->batch_size == 64);
  CHECK(added->milliseconds == 3);
}

}  // namespace
}  // namespace dse::timings_test
