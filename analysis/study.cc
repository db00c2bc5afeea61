#include "analysis/study.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "analysis/properties.h"
#include "analysis/statistics.h"
#include "core/error.h"

namespace dse {
namespace {

constexpr double kDivergedError = 100;
constexpr const char* kWithoutError = "without_error";

std::vector<double> DoneErrors(const MemberRecord& member, ErrorKind kind) {
  std::vector<double> errors;
  for (const RunRecord& run : member.runs) {
    if (run.state != RunState::kDone) continue;
    const std::optional<double>& error = kind == ErrorKind::kLast ? run.error : run.best_error;
    if (!error) continue;
    if (!std::isfinite(*error)) {
      throw Error("member " + std::to_string(member.index) +
                  " has a run whose error is no finite number");
    }
    errors.push_back(*error);
  }
  return errors;
}

int64_t CountRuns(const MemberRecord& member, RunState state) {
  return std::count_if(member.runs.begin(), member.runs.end(),
                       [state](const RunRecord& run) { return run.state == state; });
}

// Why a member without an error has none: the word counted in SeriesAnalysis::failed.
std::string ReasonOf(const MemberRecord& member) {
  constexpr RunState kOrder[] = {RunState::kDiverged,    RunState::kRunning, RunState::kPending,
                                 RunState::kOutOfMemory, RunState::kFailed,  RunState::kCancelled};
  if (CountRuns(member, RunState::kDone) > 0) return kWithoutError;
  for (RunState state : kOrder) {
    if (CountRuns(member, state) > 0) return RunStateText(state);
  }
  return RunStateText(RunState::kPending);
}

bool MicroBatched(const MemberRecord& member) {
  return std::any_of(member.runs.begin(), member.runs.end(), [](const RunRecord& run) {
    return run.state == RunState::kDone && run.micro_batched;
  });
}

// Adds the member to the models or counts it as left out.
void AddMember(const MemberRecord& member, const StudyOptions& options, SeriesAnalysis& analysis) {
  const std::vector<double> errors = DoneErrors(member, options.error);
  StudyModel model;
  model.index = member.index;
  model.hash = member.hash;
  if (!errors.empty()) {
    model.error = Mean(errors);
    if (errors.size() > 1) model.sd = SampleSd(errors);
    model.repeats = static_cast<int>(errors.size());
    analysis.micro_batched += MicroBatched(member) ? 1 : 0;
  } else {
    const std::string reason = ReasonOf(member);
    ++analysis.failed[reason];
    model.diverged = reason == RunStateText(RunState::kDiverged);
    if (!model.diverged || options.exclude_diverged) return;
    model.error = kDivergedError;
    model.repeats = static_cast<int>(CountRuns(member, RunState::kDiverged));
  }
  model.properties = MemberProperties(member);
  analysis.models.push_back(std::move(model));
}

std::vector<double> ErrorsOf(const SeriesAnalysis& analysis) {
  std::vector<double> errors;
  for (const StudyModel& model : analysis.models) errors.push_back(model.error);
  return errors;
}

// Bands of all properties. The weights depend on the errors alone, so properties that every model
// has share them.
void AddBestValues(const StudyOptions& options, SeriesAnalysis& analysis) {
  std::set<std::string> names;
  for (const StudyModel& model : analysis.models) {
    for (const auto& [name, value] : model.properties) names.insert(name);
  }
  const std::vector<double> all_weights =
      KeptWeights(ErrorsOf(analysis), options.method, options.seed);
  for (const std::string& name : names) {
    std::vector<double> values;
    std::vector<double> errors;
    for (const StudyModel& model : analysis.models) {
      const auto found = model.properties.find(name);
      if (found == model.properties.end()) continue;
      values.push_back(found->second);
      errors.push_back(model.error);
    }
    analysis.best[name] = values.size() == analysis.models.size()
                              ? BandOf(values, all_weights, options.method)
                              : BestValue(values, errors, options.method, options.seed);
  }
}

SeriesAnalysis AnalyzeSeries(const SeriesRecord& record, const StudyOptions& options) {
  SeriesAnalysis analysis;
  analysis.name = record.population;
  analysis.space = record.space;
  analysis.recipe = record.recipe;
  analysis.data = record.dataset;
  analysis.error = options.error;
  for (const MemberRecord& member : record.members) AddMember(member, options, analysis);
  if (analysis.models.empty()) return analysis;
  std::sort(analysis.models.begin(), analysis.models.end(),
            [](const StudyModel& a, const StudyModel& b) {
              return a.error != b.error ? a.error < b.error : a.index < b.index;
            });
  const std::vector<double> errors = ErrorsOf(analysis);
  analysis.min_error = errors.front();
  analysis.mean_error = Mean(errors);
  analysis.median_error = Median(errors);
  analysis.edf = MakeEdf(errors);
  AddBestValues(options, analysis);
  return analysis;
}

std::string FullName(const SeriesAnalysis& series) {
  return series.name + " (" + series.recipe + ", " + series.data + ")";
}

// The population's name where no other series has it.
std::string LabelOf(const SeriesAnalysis& series, std::span<const SeriesAnalysis> all) {
  const auto same = std::count_if(all.begin(), all.end(), [&series](const SeriesAnalysis& other) {
    return other.name == series.name;
  });
  return same > 1 ? FullName(series) : series.name;
}

std::vector<Comparison> CompareAll(std::span<const SeriesAnalysis> all, uint64_t seed) {
  struct Side {
    std::string label;
    std::string full_name;
    std::vector<double> errors;
    std::vector<double> bootstrap_means;
  };
  std::vector<Side> sides;
  for (const SeriesAnalysis& series : all) {
    if (!series.models.empty())
      sides.push_back({LabelOf(series, all), FullName(series), ErrorsOf(series), {}});
  }
  if (sides.size() < 2) return {};
  // Streams named by the series: its resamples stay the same whatever it is compared with.
  for (Side& side : sides) {
    side.bootstrap_means = BootstrapMeans(side.errors, seed, side.full_name);
  }
  std::vector<Comparison> comparisons;
  std::vector<double> p_values;
  for (size_t i = 0; i < sides.size(); ++i) {
    for (size_t j = i + 1; j < sides.size(); ++j) {
      const Side& a = sides[i];
      const Side& b = sides[j];
      const KsTest test = TestKolmogorovSmirnov(a.errors, b.errors);
      p_values.push_back(test.p_value);
      comparisons.push_back({.a = a.label,
                             .b = b.label,
                             .ks = test.statistic,
                             .p_value = test.p_value,
                             .method = test.method,
                             .mean_difference = MeanDifference(
                                 a.errors, b.errors, a.bootstrap_means, b.bootstrap_means)});
    }
  }
  const std::vector<double> adjusted = HolmAdjust(p_values);
  for (size_t i = 0; i < comparisons.size(); ++i) comparisons[i].p_adjusted = adjusted[i];
  return comparisons;
}

}  // namespace

StudyAnalysis AnalyzeStudy(std::span<const SeriesRecord> series, const StudyOptions& options) {
  StudyAnalysis study;
  study.options = options;
  for (const SeriesRecord& record : series) study.series.push_back(AnalyzeSeries(record, options));
  study.comparisons = CompareAll(study.series, options.seed);
  return study;
}

}  // namespace dse
