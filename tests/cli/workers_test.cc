#include <catch2/catch.hpp>

#include "tests/cli/program.h"

namespace dse::workers_test {
namespace {

using Catch::Matchers::Contains;

Words Train(const std::string& db, const Words& more) {
  Words words{"train",
              "--db",
              db,
              "--data",
              "synthetic",
              "--recipe",
              "smoke",
              "--set",
              "epochs=1",
              "train_images=64",
              "batch_size=32",
              "test_images=32",
              "precise_bn_images=0"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_CASE("workers are a number, or auto, and not both ways at once", "[cli][workers]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  for (const char* word : {"0", "257", "many", "2x", ""}) {
    const ProcessResult result = Dse(Train(db, {"--workers", word}));
    CHECK(result.code == 2);
    CHECK_THAT(result.err,
               Contains("--workers must be auto or a whole number from 1 to 256, not '" +
                        std::string(word) + "'"));
  }
  const ProcessResult both = Dse(Train(db, {"--workers", "2", "--workers-per-gpu", "2"}));
  CHECK(both.code == 2);
  CHECK_THAT(both.err, Contains("a number of workers, or of workers on each GPU, not both"));
}

TEST_CASE("auto says what it chose, and trains all there is", "[cli][workers]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const ProcessResult dry = Dse(Train(db, {"--workers", "auto", "--dry-run"}));
  CHECK(dry.code == 0);
  CHECK_THAT(dry.out, Contains("2 missing"));
  const ProcessResult result = Dse(Train(db, {"--workers", "auto", "--threads", "1"}));
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK_THAT(result.err, Contains(" of 1 thread") || Contains(" GPU"));
  CHECK_THAT(result.err, Contains("2 runs: 2 done; 2 by this call"));
}

TEST_CASE("without a GPU several workers on each are so many as the cores allow",
          "[cli][workers]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "1");
  const ProcessResult result = Dse(Train(db, {"--workers-per-gpu", "4", "--device", "cpu"}));
  INFO(result.err);
  CHECK(result.code == 0);
  CHECK_THAT(result.err, Contains("1 worker of ") && Contains("no GPU to put several on"));
}

}  // namespace
}  // namespace dse::workers_test
