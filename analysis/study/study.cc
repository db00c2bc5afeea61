#include "analysis/study/study.h"

#include <algorithm>

#include "analysis/statistics/bootstrap.h"
#include "analysis/statistics/holm.h"
#include "analysis/study/study_series.h"
#include "core/parallel.h"

namespace dse {
namespace {

// The population's name where no other series has it.
std::string LabelOf(const SeriesAnalysis& series, std::span<const SeriesAnalysis> all) {
  return std::ranges::count(all, series.name, &SeriesAnalysis::name) > 1 ? series.FullName()
                                                                         : series.name;
}

// A series with models, and what all its comparisons share.
struct Side {
  const SeriesAnalysis* series = nullptr;
  std::vector<double> errors;
  QuantileLaws quantiles;
  std::vector<double> means;  // of the bootstrap
};

std::vector<Side> MakeSides(std::span<const SeriesAnalysis> all,
                            std::vector<std::vector<double>>& means) {
  std::vector<Side> sides;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].models.empty()) continue;
    std::vector<double> errors = ErrorsOf(all[i]);
    QuantileLaws quantiles = LawsOf(errors);
    sides.push_back({&all[i], std::move(errors), std::move(quantiles), std::move(means[i])});
  }
  return sides;
}

Comparison Compare(const Side& a, const Side& b) {
  const KsTest test = TestKolmogorovSmirnov(a.errors, b.errors);
  return {.a = a.series->label,
          .b = b.series->label,
          .ks = test.statistic,
          .p_value = test.p_value,
          .method = test.method,
          .mean_difference = MeanDifference(a.errors, b.errors, a.means, b.means),
          .quantiles = CompareQuantiles(a.quantiles, b.quantiles)};
}

void CompareAll(std::vector<std::vector<double>>& means, StudyAnalysis& study) {
  const std::vector<Side> sides = MakeSides(study.series, means);
  if (sides.size() < 2) return;
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i < sides.size(); ++i) {
    for (size_t j = i + 1; j < sides.size(); ++j) pairs.emplace_back(i, j);
  }
  const auto for_pairs = [&pairs, &sides](const auto& work) {
    const auto one = [&](int64_t k) {
      const auto place = static_cast<size_t>(k);
      work(place, sides[pairs[place].first], sides[pairs[place].second]);
    };
    ParallelFor(static_cast<int64_t>(pairs.size()), AllThreads(), one, 1);
  };
  study.comparisons.resize(pairs.size());
  for_pairs([&study](size_t place, const Side& a, const Side& b) {
    study.comparisons[place] = Compare(a, b);
  });
  std::vector<double> p_values;
  for (const Comparison& comparison : study.comparisons) p_values.push_back(comparison.p_value);
  const std::vector<double> adjusted = HolmAdjust(p_values);
  for (size_t i = 0; i < adjusted.size(); ++i) study.comparisons[i].p_adjusted = adjusted[i];
  study.power.resize(pairs.size());
  for_pairs([&study](size_t place, const Side& a, const Side& b) {
    if (study.comparisons[place].p_adjusted > kSignificance) return;
    study.power[place] = ComparisonPower(a.errors, b.errors, study.options.seed,
                                         a.series->FullName() + " / " + b.series->FullName());
  });
}

}  // namespace

StudyAnalysis AnalyzeStudy(std::span<const SeriesRecord> series, const StudyOptions& options,
                           std::span<const TimingRecord> timings) {
  CheckConditions(series, options);
  StudyAnalysis study;
  study.options = options;
  study.series.resize(series.size());
  std::vector<std::vector<double>> means(series.size());
  const auto analyze = [&](int64_t i) {
    const auto place = static_cast<size_t>(i);
    study.series[place] = AnalyzeSeries(series[place], options, means[place]);
  };
  ParallelFor(static_cast<int64_t>(series.size()), AllThreads(), analyze, 1);
  for (SeriesAnalysis& one : study.series) one.label = LabelOf(one, study.series);
  NormalizeByComplexity(study.series);
  CompareAll(means, study);
  study.trends = FindTrends(study.series, timings);
  return study;
}

}  // namespace dse
