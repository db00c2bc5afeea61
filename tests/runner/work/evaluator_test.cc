#include "runner/work/evaluator.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <vector>

#include "core/error.h"
#include "runner/work/run_files.h"
#include "tests/runner/work/tested_study.h"

namespace dse::evaluator_test {
namespace {

using Catch::Matchers::EndsWith;

// One run whose weights are tested with `result`, and how often they were.
struct OneRun {
  TestedStudy study{1};
  DoneRun run = study.runs().front();
  EvalRequest request = study.Request();
  EvaluationResult result{12.5, 0.5, 1000};
  std::function<void()> meanwhile;
  std::vector<Recipe> recipes{};  // of the tests

  OneRun() { study.KeepWeights(run); }

  std::optional<TestedRun> TestOrFind() {
    Database db = Database::Open(study.db_path(), OpenMode::kReadWrite);
    const TrainerFactory factory = FakeTesterFactory([&](const EvaluationJob& job) {
      recipes.push_back(job.recipe);
      if (meanwhile) meanwhile();
      return result;
    });
    return Evaluator(request, db, study.study().data(), factory, WorkFolder(study.db_path(), ""))
        .TestOrFind(run);
  }
};

}  // namespace

TEST_CASE("a run is tested once, on all images, and again where that is asked for") {
  OneRun one;
  CHECK(one.TestOrFind()->result.error == 12.5);
  one.result.error = 20;
  CHECK(one.TestOrFind()->result.error == 12.5);
  REQUIRE(one.recipes.size() == 1);
  CHECK(one.recipes[0].test_images == 0);
  one.request.again = true;
  CHECK(one.TestOrFind()->result.error == 20);
  CHECK(one.recipes.size() == 2);
}

TEST_CASE("a result of images that could not all be read is tested again") {
  OneRun one;
  one.result.images = 999;
  CHECK(one.TestOrFind()->result.images == 999);
  one.result.images = 1000;
  CHECK(one.TestOrFind()->result.images == 1000);
  CHECK(one.recipes.size() == 2);
}

TEST_CASE("a loss that is not finite is left out") {
  OneRun one;
  one.result.loss = NAN;
  CHECK_FALSE(one.TestOrFind()->result.loss);
  CHECK(one.study.study().Query("SELECT count(*) FROM evaluations WHERE loss IS NULL") == 1);
}

TEST_CASE("each naming of the classes is a test of its own") {
  OneRun one;
  one.TestOrFind();
  one.request.naming.by_order = true;
  one.result.error = 30;
  const std::optional<TestedRun> tested = one.TestOrFind();
  CHECK(tested->result.error == 30);
  CHECK(tested->result.naming == "by order");
  one.request.naming = {};
  CHECK(one.TestOrFind()->result.error == 12.5);
  CHECK(one.recipes.size() == 2);
}

TEST_CASE("a run that came to another result while its weights were tested keeps no test") {
  OneRun one;
  one.meanwhile = [&] {
    one.study.study().Query("UPDATE runs SET attempt = attempt + 1 RETURNING attempt");
  };
  CHECK_THROWS_WITH(one.TestOrFind(),
                    EndsWith(": was trained again while its weights were tested; test it again"));
  CHECK(one.study.study().Query("SELECT count(*) FROM evaluations") == 0);
}

TEST_CASE("a run without weights and without a result has no test") {
  OneRun one;
  one.run.key = "0123456789abcdef";
  CHECK_FALSE(one.TestOrFind());
  CHECK(one.recipes.empty());
}

}  // namespace dse::evaluator_test
