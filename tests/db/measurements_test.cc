#include "db/measurements.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/model.h"
#include "core/named_models.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

using Catch::Matchers::Contains;

Database OldFile(const TempFolder& folder) {
  const std::string path = folder / "a.db";
  std::filesystem::copy_file(DSE_TEST_DATA "/results-v1.db", path);
  return Database::Open(path, OpenMode::kReadWrite);
}

}  // namespace

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

TEST_CASE("a network's error is the mean of its runs, if they are comparable") {
  const TempFolder folder;
  Database db = OldFile(folder);
  const std::string hash =
      ModelHash(ParseModel(ParseJson(LoadDoneRuns(db, {}, {})[0].model_json, "row"), "row"));
  CHECK(FindError(db, hash) == 90.625);
  CHECK_FALSE(FindError(db, "0000000000000000"));
}

}  // namespace dse
