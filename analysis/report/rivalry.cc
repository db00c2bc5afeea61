#include "analysis/report/rivalry.h"

#include <algorithm>
#include <string>

namespace dse {

std::vector<Rivalry> Rivalries(const StudyAnalysis& study) {
  const auto series_of = [&study](const std::string& label) -> const SeriesAnalysis& {
    return *std::ranges::find(study.series, label, &SeriesAnalysis::label);
  };
  const auto alike = [&](const Comparison& one) {
    const SeriesAnalysis &a = series_of(one.a), &b = series_of(one.b);
    return a.recipe == b.recipe && a.data == b.data && a.band == b.band;
  };
  const bool any_alike = std::ranges::any_of(study.comparisons, alike);
  // Whether no series that `label` may be compared with has a lower mean error.
  const auto best = [&](const std::string& label) {
    return std::ranges::none_of(study.comparisons, [&](const Comparison& one) {
      if (any_alike && !alike(one)) return false;
      const double difference = one.mean_difference.point;
      return (one.a == label && difference > 0) || (one.b == label && difference < 0);
    });
  };
  std::vector<Rivalry> rivalries;
  for (size_t i = 0; i < study.comparisons.size(); ++i) {
    const Comparison& one = study.comparisons[i];
    if (any_alike && !alike(one)) continue;
    if (best(one.a)) {
      rivalries.push_back({one, &study.power[i], any_alike});
    } else if (best(one.b)) {
      rivalries.push_back({Flipped(one), &study.power[i], any_alike});
    }
  }
  return rivalries;
}

}  // namespace dse
