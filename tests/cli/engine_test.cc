#include <catch2/catch.hpp>

#include "tests/cli/program.h"
#include "tests/support/process.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::engine_test {
namespace {

const Words kShort = {
    "--recipe",         "smoke",          "--set",         "epochs=1",
    "train_images=128", "test_images=64", "batch_size=32", "precise_bn_images=64"};

Words With(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

TEST_CASE("a study is trained, tested and measured on the CPU by the native engine",
          "[cli][train]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const Words train = With({"train", "--db", db, "--data", "synthetic", "--device", "cpu",
                            "--workers", "auto", "--keep-weights"},
                           kShort);
  const ProcessResult trained = Dse(train);
  INFO(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(Query(db, "SELECT count(*) FROM runs WHERE state = 'done'") == "2");
  CHECK(Query(db, "SELECT count(DISTINCT engine) FROM runs") == "1");
  CHECK_THAT(Query(db, "SELECT min(engine) FROM runs"), Catch::StartsWith("native "));
  CHECK_THAT(Query(db, "SELECT min(device) FROM runs"), Catch::StartsWith("cpu, "));
  CHECK(Query(db, "SELECT min(precision) FROM runs") == "fp32");

  const ProcessResult tested = Dse({"eval", "--db", db, "--data", "synthetic", "--device", "cpu"});
  INFO(tested.err);
  REQUIRE(tested.code == 0);
  CHECK(Query(db, "SELECT count(*) FROM evaluations") == "2");

  const Words bench = {"bench", "--db",          db,  "--device",      "cpu", "--samples",
                       "1",     "--infer-batch", "2", "--train-batch", "4"};
  REQUIRE(Dse(bench).code == 0);
  CHECK(Query(db, "SELECT count(*) FROM timings WHERE engine LIKE 'native %'") == "4");
}

TEST_CASE("LibTorch trains, tests and measures what the native engine cannot, and where it must",
          "[cli][train]") {
  if (!DSE_HAS_TORCH) return Skipped("built without LibTorch");
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const auto dse = [&](Words words) {
    const ProcessResult result = Dse(With(words, {"--db", db, "--device", "cpu"}));
    INFO(result.err);
    CHECK(result.code == 0);
  };
  for (const Words& how : {Words{"precision=bf16"}, Words{"--engine", "torch"}}) {
    dse(With(With({"train", "--data", "synthetic", "--keep-weights"}, kShort), how));
  }
  CHECK(Query(db, "SELECT group_concat(precision) FROM runs") == "bf16,fp32");
  dse({"eval", "--data", "synthetic"});
  CHECK(Query(db, "SELECT count(*) FROM evaluations") == "2");
  dse({"bench", "--precision", "bf16", "--samples", "1", "--infer-batch", "2", "--train-batch",
       "4"});
  for (const char* rows : {"runs", "timings"}) {
    CHECK_THAT(Query(db, std::string("SELECT min(engine) || max(engine) FROM ") + rows),
               Catch::StartsWith("LibTorch ") && !Catch::Contains("native"));
  }
}

TEST_CASE("the native engine is refused what it cannot do", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const Words train = {"train", "--db", db, "--data", "synthetic"};
  const ProcessResult gpu = Dse(With(train, {"--engine", "native", "--device", "cuda"}));
  CHECK(gpu.code == 1);
  CHECK_THAT(gpu.err, Catch::Contains("computes on the CPU alone"));
  const ProcessResult half =
      Dse(With(train, {"--engine", "native", "--recipe", "smoke", "--set", "precision=bf16"}));
  CHECK(half.code == 1);
  CHECK_THAT(half.err, Catch::Contains("native") && Catch::Contains("has no precision bf16"));
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
  const ProcessResult word = Dse(With(train, {"--engine", "nativ"}));
  CHECK(word.code == 2);
  CHECK_THAT(word.err, Catch::Contains("native"));
}

TEST_CASE("inspect --plan shows the phases of a step", "[cli]") {
  const ProcessResult plan = Dse({"inspect", "regnety-200mf", "--plan", "--plan-batch", "32"});
  REQUIRE(plan.code == 0);
  CHECK_THAT(plan.out, Catch::Contains("plan for 32 images: 81 phases"));
  CHECK_THAT(plan.out, Catch::Contains("80  backward  stem"));
  CHECK(Dse({"inspect", "regnety-200mf", "--plan", "--json"}).code == 2);
}

}  // namespace dse::engine_test
