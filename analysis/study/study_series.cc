#include "analysis/study/study_series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "analysis/statistics/bootstrap.h"
#include "analysis/statistics/normalized_edf.h"
#include "analysis/statistics/sample_statistics.h"
#include "analysis/study/properties.h"
#include "core/error.h"
#include "core/suggest.h"

namespace dse {
namespace {

constexpr double kDivergedError = 100;
constexpr const char* kWithoutError = "without_error";
constexpr const char* kErrorName = "error";

// A model with the record it was made from.
struct Entry {
  StudyModel model;
  const MemberRecord* member = nullptr;
};

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

void CountFailedRepeats(const MemberRecord& member, SeriesAnalysis& analysis) {
  for (const RunState state :
       {RunState::kDiverged, RunState::kOutOfMemory, RunState::kFailed, RunState::kCancelled}) {
    const int64_t count = CountRuns(member, state);
    if (count > 0) analysis.failed_repeats[RunStateText(state)] += count;
  }
}

bool MicroBatched(const MemberRecord& member) {
  return std::any_of(member.runs.begin(), member.runs.end(), [](const RunRecord& run) {
    return run.state == RunState::kDone && run.micro_batched;
  });
}

void CountPrecisions(const MemberRecord& member, SeriesAnalysis& analysis) {
  for (const RunRecord& run : member.runs) {
    if (run.state == RunState::kDone && !run.precision.empty())
      ++analysis.precisions[run.precision];
  }
}

void CountEngines(const MemberRecord& member, SeriesAnalysis& analysis) {
  for (const RunRecord& run : member.runs) {
    const bool finished = run.state == RunState::kDone || run.state == RunState::kDiverged;
    if (finished && !run.engine.empty()) ++analysis.engines[run.engine];
  }
}

bool PropertiesMeet(const MemberRecord& member, const std::vector<Condition>& conditions) {
  const auto of_properties = [](const Condition& c) { return c.property != kErrorName; };
  if (std::ranges::none_of(conditions, of_properties)) return true;
  const std::map<std::string, double> properties = MemberProperties(member);
  return std::ranges::all_of(conditions, [&](const Condition& condition) {
    if (!of_properties(condition)) return true;
    const auto found = properties.find(condition.property);
    return found != properties.end() && Holds(condition, found->second);
  });
}

bool ErrorMeets(double error, const std::vector<Condition>& conditions) {
  return std::ranges::all_of(conditions, [error](const Condition& condition) {
    return condition.property != kErrorName || Holds(condition, error);
  });
}

// Adds the member to the entries or counts it as left out.
void AddMember(const MemberRecord& member, const StudyOptions& options, SeriesAnalysis& analysis,
               std::vector<Entry>& entries) {
  if (!PropertiesMeet(member, options.conditions)) {
    ++analysis.filtered;
    return;
  }
  const std::vector<double> errors = DoneErrors(member, options.error);
  StudyModel model;
  model.index = member.index;
  model.hash = member.hash;
  if (member.model) model.name = member.model->name;
  if (!errors.empty()) {
    model.error = Mean(errors);
    if (errors.size() > 1) model.sd = SampleSd(errors);
    model.repeats = static_cast<int>(errors.size());
  } else {
    const std::string reason = ReasonOf(member);
    model.diverged = reason == RunStateText(RunState::kDiverged);
    if (!model.diverged || options.exclude_diverged) {
      ++analysis.failed[reason];
      return;
    }
    model.error = kDivergedError;
    model.repeats = static_cast<int>(CountRuns(member, RunState::kDiverged));
  }
  if (!ErrorMeets(model.error, options.conditions)) {
    ++analysis.filtered;
    return;
  }
  if (model.diverged) ++analysis.failed[RunStateText(RunState::kDiverged)];
  if (!model.diverged) {
    CountFailedRepeats(member, analysis);
    if (MicroBatched(member)) ++analysis.micro_batched;
    CountPrecisions(member, analysis);
  }
  CountEngines(member, analysis);
  entries.push_back({std::move(model), &member});
}

// A column over the models: the band of a property that all have comes from the shared weights.
StudyProperty MakeProperty(PropertyColumn column, std::span<const double> errors,
                           std::span<const double> all_weights, const StudyOptions& options) {
  StudyProperty property;
  property.name = std::move(column.name);
  property.values = std::move(column.values);
  std::vector<double> values;
  std::vector<double> their_errors;
  for (size_t i = 0; i < errors.size(); ++i) {
    if (std::isnan(property.values[i])) continue;
    values.push_back(property.values[i]);
    their_errors.push_back(errors[i]);
  }
  property.models = static_cast<int64_t>(values.size());
  const auto [smallest, largest] = std::ranges::minmax_element(values);
  property.smallest = *smallest;
  property.largest = *largest;
  property.best = values.size() == errors.size()
                      ? BandOf(values, all_weights, options.method)
                      : BestValue(values, their_errors, options.method, options.seed);
  return property;
}

std::optional<double> SdOfModels(const SeriesAnalysis& analysis) {
  std::vector<double> errors;
  for (const StudyModel& model : analysis.models) {
    if (!model.diverged) errors.push_back(model.error);
  }
  if (errors.size() < 2) return std::nullopt;
  return SampleSd(errors);
}

std::optional<SeedNoise> NoiseOf(std::span<const Entry> entries, ErrorKind kind) {
  std::vector<std::vector<double>> repeats;
  for (const Entry& entry : entries) {
    if (entry.model.repeats > 1 && !entry.model.diverged) {
      repeats.push_back(DoneErrors(*entry.member, kind));
    }
  }
  return EstimateSeedNoise(repeats);
}

// What needs models.
void Summarize(std::span<const Entry> entries, const StudyOptions& options,
               std::vector<double>& means, SeriesAnalysis& analysis) {
  std::vector<const MemberRecord*> members;
  for (const Entry& entry : entries) members.push_back(entry.member);
  const std::vector<double> errors = ErrorsOf(analysis);
  analysis.min_error = errors.front();
  analysis.mean_error = Mean(errors);
  analysis.median_error = Median(errors);
  // The stream is named by the series: its resamples stay the same whatever it is compared with.
  means = BootstrapMeans(errors, options.seed, analysis.FullName());
  analysis.mean = MeanInterval(errors, means);
  analysis.edf = MakeEdf(errors);
  analysis.random_search = RandomSearchCurve(errors);
  analysis.seed_noise = NoiseOf(entries, options.error);
  analysis.models_sd = SdOfModels(analysis);
  analysis.curves = SummarizeCurves(members);
  const std::vector<double> weights = KeptWeights(errors, options.method, options.seed);
  for (PropertyColumn& column : TabulateProperties(members)) {
    analysis.properties.push_back(MakeProperty(std::move(column), errors, weights, options));
  }
}

// One complexity of all series: the pooled range first, then each series' distribution over it.
void Normalize(const char* complexity, std::span<SeriesAnalysis> all) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const SeriesAnalysis& series : all) {
    const StudyProperty* property = series.Find(complexity);
    if (!property) continue;
    low = std::min(low, property->smallest);
    high = std::max(high, property->largest);
  }
  for (SeriesAnalysis& series : all) {
    const StudyProperty* property = series.Find(complexity);
    if (!property) continue;
    std::vector<double> values, errors;
    for (size_t i = 0; i < series.models.size(); ++i) {
      if (std::isnan(property->values[i])) continue;
      values.push_back(property->values[i]);
      errors.push_back(series.models[i].error);
    }
    series.normalized.push_back(
        {complexity, low, high, MakeWeightedEdf(errors, NormalizedWeights(values, low, high))});
  }
}

}  // namespace

void CheckConditions(std::span<const SeriesRecord> series, const StudyOptions& options) {
  if (options.conditions.empty()) return;
  std::set<std::string> known = {kErrorName};
  for (const SeriesRecord& record : series) {
    std::vector<const MemberRecord*> members;
    for (const MemberRecord& member : record.members) members.push_back(&member);
    for (const PropertyColumn& column : TabulateProperties(members)) known.insert(column.name);
  }
  const std::vector<std::string> names(known.begin(), known.end());
  for (const Condition& condition : options.conditions) {
    if (known.contains(condition.property)) continue;
    throw Error("condition '" + condition.text + "': no network has a property '" +
                condition.property + "'" + DidYouMean(condition.property, names));
  }
}

SeriesAnalysis AnalyzeSeries(const SeriesRecord& record, const StudyOptions& options,
                             std::vector<double>& means) {
  SeriesAnalysis analysis;
  analysis.name = record.population;
  analysis.space = record.space;
  analysis.recipe = record.recipe;
  analysis.data = record.dataset;
  analysis.band = record.band;
  analysis.error = options.error;
  std::vector<Entry> entries;
  for (const MemberRecord& member : record.members) {
    AddMember(member, options, analysis, entries);
  }
  if (entries.empty()) return analysis;
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::tuple(a.model.error, a.model.diverged, a.model.index) <
           std::tuple(b.model.error, b.model.diverged, b.model.index);
  });
  for (const Entry& entry : entries) analysis.models.push_back(entry.model);
  Summarize(entries, options, means, analysis);
  return analysis;
}

void NormalizeByComplexity(std::span<SeriesAnalysis> series) {
  for (const char* complexity : {"flops", "params"}) Normalize(complexity, series);
}

}  // namespace dse
