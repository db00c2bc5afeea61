#include "runner/work/evaluate.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "core/error.h"
#include "tests/runner/work/tested_study.h"

namespace dse::evaluate_test {
namespace {

using Catch::Matchers::Contains;

// Every network errs by 12.5% on all images.
EvaluationResult TestWhole(const EvaluationJob& job) {
  return {12.5, 0.5, job.data.info().test_images};
}

}  // namespace

TEST_CASE("the kept weights of done runs are tested, and those without are counted") {
  const TestedStudy study(3);
  const std::vector<DoneRun> runs = study.runs();
  REQUIRE(runs.size() == 3);
  study.KeepWeights(runs[0]);
  study.KeepWeights(runs[2]);
  std::vector<std::string> told;
  EvalHooks hooks;
  hooks.on_open = [&](const DatasetInfo& info) { told.push_back(info.uri); };
  hooks.on_device = [&](const std::string& device) { told.push_back(device); };
  hooks.on_progress = [&](int64_t done, int64_t all) {
    told.push_back(std::to_string(done) + "/" + std::to_string(all));
  };
  std::vector<std::string> weights;
  const EvalSummary summary = Evaluate(study.Request(), FakeTesterFactory([&](const auto& job) {
                                         weights.push_back(job.weights);
                                         return TestWhole(job);
                                       }),
                                       hooks);
  CHECK(weights == std::vector{study.WeightsOf(runs[0]), study.WeightsOf(runs[2])});
  CHECK(told == std::vector<std::string>{"synthetic", "cpu, 3 threads", "1/3", "2/3", "3/3"});
  CHECK(summary.runs == 3);
  CHECK(summary.without_weights == 1);
  CHECK(summary.problems.empty());
  CHECK_FALSE(summary.interrupted);
  REQUIRE(summary.tested.size() == 2);
  const TestedRun& tested = summary.tested[1];
  CHECK(tested.run.run_id == runs[2].run_id);
  CHECK(tested.result.error == 12.5);
  CHECK(tested.result.loss == 0.5);
  CHECK(tested.result.images == 1000);
  CHECK(tested.result.split == "test");
  CHECK(tested.result.naming.empty());
  CHECK(TellClasses(tested) == "tested over 10 classes");
}

TEST_CASE("what is wrong with one run is a problem of that run") {
  const TestedStudy study(3);
  const std::vector<DoneRun> runs = study.runs();
  for (const DoneRun& run : runs) study.KeepWeights(run);
  int tests = 0;
  const EvalSummary summary =
      Evaluate(study.Request(), FakeTesterFactory([&](const EvaluationJob& job) {
                 if (++tests == 1) throw Error("the weights are torn");
                 if (tests == 2) throw std::bad_alloc();
                 return TestWhole(job);
               }),
               {});
  const std::string second = "run " + std::to_string(runs[1].run_id);
  CHECK(summary.problems == std::vector<std::string>{"the weights are torn",
                                                     second + ": out of memory on cpu, 3 threads"});
  REQUIRE(summary.tested.size() == 1);
  CHECK(summary.tested[0].run.run_id == runs[2].run_id);
}

TEST_CASE("where nothing has weights it is said how to make them, and results of before remain") {
  const TestedStudy study(1);
  const DoneRun run = study.runs().front();
  const TrainerFactory factory = FakeTesterFactory(TestWhole);
  CHECK_THROWS_WITH(Evaluate(study.Request(), factory, {}),
                    Contains("no run has kept weights in " + study.db_path() + ".d") &&
                        Contains("'dse runs retry --with-weights --db " + study.db_path() + "'"));
  study.KeepWeights(run);
  Evaluate(study.Request(), factory, {});
  std::filesystem::remove(study.WeightsOf(run));
  const EvalSummary again = Evaluate(study.Request(), factory, {});
  REQUIRE(again.tested.size() == 1);
  CHECK(again.tested[0].result.error == 12.5);
  EvalRequest anew = study.Request();
  anew.again = true;
  CHECK_THROWS_WITH(Evaluate(anew, factory, {}), Contains("no run has kept weights"));
}

TEST_CASE("a file without finished runs has nothing to test") {
  const Study study(1);
  Train(study.Request(), study.data(), FakeTrainerFactory([](const auto&, const auto&) {
          TrainingResult diverged;
          diverged.outcome = TrainingOutcome::kDiverged;
          return diverged;
        }),
        {});
  EvalRequest request;
  request.db_path = study.db_path();
  request.data = "synthetic";
  CHECK_THROWS_WITH(Evaluate(request, FakeTesterFactory(TestWhole), {}),
                    study.db_path() + ": has no finished runs to test");
}

TEST_CASE("a test tells over how many of a network's classes it is") {
  TestedRun tested;
  tested.outputs = 1000;
  CHECK(TellClasses(tested) == "tested before the classes of tests were kept");
  tested.result.classes = 200;
  CHECK(TellClasses(tested) == "tested over 200 of 1000 classes");
  tested.result.classes = 1000;
  CHECK(TellClasses(tested) == "tested over 1000 classes");
}

}  // namespace dse::evaluate_test
