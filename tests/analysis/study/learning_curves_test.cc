#include "analysis/study/learning_curves.h"

#include <catch2/catch.hpp>

#include "tests/analysis/study/study_records.h"

namespace dse::learning_curves_test {
namespace {

RunRecord RunWithEpochs(const std::vector<double>& errors) {
  RunRecord run = DoneRun(errors.back());
  for (size_t i = 0; i < errors.size(); ++i) {
    run.epochs.push_back({static_cast<int>(i) + 1, errors[i]});
  }
  return run;
}

LearningCurves CurvesOf(const std::vector<MemberRecord>& members) {
  std::vector<const MemberRecord*> pointers;
  for (const MemberRecord& member : members) pointers.push_back(&member);
  return SummarizeCurves(pointers);
}

TEST_CASE("a model's curve is the mean of its done repeats, epoch by epoch", "[curves]") {
  RunRecord failed = RunIn(RunState::kFailed);
  failed.epochs = {{1, 99.0}};
  const LearningCurves curves =
      CurvesOf({Member(0, {RunWithEpochs({80, 60, 50}), RunWithEpochs({70, 40}), failed})});
  REQUIRE(curves.models.size() == 1);
  const std::vector<CurvePoint>& points = curves.models[0].points;
  REQUIRE(points.size() == 3);
  CHECK(points[0].epoch == 1);
  CHECK(points[0].error == 75);
  CHECK(points[1].error == 50);
  CHECK(points[2].error == 50);  // one repeat reached it
}

TEST_CASE("epochs without a test error leave gaps", "[curves]") {
  RunRecord run = RunWithEpochs({80, 60, 50});
  run.epochs[1].test_error.reset();
  const LearningCurves curves = CurvesOf({Member(0, {run})});
  REQUIRE(curves.models[0].points.size() == 2);
  CHECK(curves.models[0].points[1].epoch == 3);
}

TEST_CASE("the spread holds the quantiles over models and the ends show best, middle and worst",
          "[curves]") {
  std::vector<MemberRecord> members;
  for (int i = 0; i < 10; ++i) members.push_back(Member(i, {RunWithEpochs({50.0 + i, 20.0 + i})}));
  members.push_back(Member(10, {DoneRun(90)}));
  const LearningCurves curves = CurvesOf(members);
  REQUIRE(curves.spread.size() == 2);
  CHECK(curves.spread[0].models == 10);
  CHECK(curves.spread[0].low == 50);     // 1 of 10
  CHECK(curves.spread[0].median == 54);  // 5 of 10
  CHECK(curves.spread[0].high == 58);    // 9 of 10
  CHECK(curves.spread[1].median == 24);
  std::vector<size_t> places;
  for (const LearningCurve& curve : curves.models) places.push_back(curve.place);
  CHECK(places == std::vector<size_t>{0, 1, 2, 5, 7, 8, 9});
  CHECK(curves.without == 1);
}

TEST_CASE("no epochs make no curves", "[curves]") {
  const LearningCurves curves = CurvesOf({Member(0, {DoneRun(90)})});
  CHECK(curves.spread.empty());
  CHECK(curves.models.empty());
  CHECK(curves.without == 0);
}

}  // namespace
}  // namespace dse::learning_curves_test
