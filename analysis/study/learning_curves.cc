#include "analysis/study/learning_curves.h"

#include <algorithm>
#include <array>
#include <map>

#include "analysis/statistics/sample_statistics.h"

namespace dse {
namespace {

constexpr size_t kShownAtEachEnd = 3;

std::vector<CurvePoint> CurveOf(const MemberRecord& member) {
  struct Sum {
    double errors = 0;
    int runs = 0;
  };
  std::vector<Sum> sums;  // by epoch - 1
  for (const RunRecord& run : member.runs) {
    if (run.state != RunState::kDone) continue;
    for (const EpochError& epoch : run.epochs) {
      if (!epoch.test_error) continue;
      const auto place = static_cast<size_t>(epoch.epoch) - 1;
      if (place >= sums.size()) sums.resize(place + 1);
      sums[place].errors += *epoch.test_error;
      ++sums[place].runs;
    }
  }
  std::vector<CurvePoint> points;
  for (size_t i = 0; i < sums.size(); ++i) {
    if (sums[i].runs > 0)
      points.push_back({static_cast<int>(i) + 1, sums[i].errors / sums[i].runs});
  }
  return points;
}

std::vector<EpochSpread> SpreadOf(const std::vector<LearningCurve>& curves) {
  std::map<int, std::vector<double>> errors;
  for (const LearningCurve& curve : curves) {
    for (const CurvePoint& point : curve.points) errors[point.epoch].push_back(point.error);
  }
  constexpr std::array<double, 3> kQuantiles = {0.1, 0.5, 0.9};
  std::vector<EpochSpread> spread;
  for (const auto& [epoch, values] : errors) {
    const std::vector<double> weights(values.size(), 1.0 / static_cast<double>(values.size()));
    const std::vector<double> q = WeightedQuantiles(values, weights, kQuantiles);
    spread.push_back({epoch, static_cast<int64_t>(values.size()), q[0], q[1], q[2]});
  }
  return spread;
}

}  // namespace

LearningCurves SummarizeCurves(std::span<const MemberRecord* const> members) {
  std::vector<LearningCurve> curves;
  int64_t without = 0;
  for (size_t place = 0; place < members.size(); ++place) {
    LearningCurve curve{place, CurveOf(*members[place])};
    if (!curve.points.empty()) {
      curves.push_back(std::move(curve));
    } else if (std::ranges::count(members[place]->runs, RunState::kDone, &RunRecord::state) > 0) {
      ++without;
    }
  }
  LearningCurves summary;
  if (curves.empty()) return summary;
  summary.without = without;
  summary.spread = SpreadOf(curves);
  const size_t n = curves.size();
  for (size_t i = 0; i < n; ++i) {
    const bool shown = i < kShownAtEachEnd || i + kShownAtEachEnd >= n || i == n / 2;
    if (shown) summary.models.push_back(std::move(curves[i]));
  }
  return summary;
}

}  // namespace dse
