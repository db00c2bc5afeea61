#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/statistics/best_value.h"
#include "analysis/statistics/edf.h"
#include "analysis/statistics/interval.h"
#include "analysis/statistics/random_search.h"
#include "analysis/statistics/seed_noise.h"
#include "analysis/study/learning_curves.h"
#include "core/result.h"
#include "core/units.h"

namespace dse {

// A member that has an error.
struct StudyModel {
  int64_t index = 0;
  std::string hash;
  std::string name;           // of the network, "" without
  double error = 0;           // percent; mean of the repeats
  std::optional<double> sd;   // of the repeats, where there are several
  int repeats = 0;            // runs the error is the mean of, or that diverged
  bool diverged = false;      // every finished run diverged: error 100
  std::string label() const;  // the name, else the hash, else "model 7"
};

// A property (analysis/study/properties.h) over the models of a series.
struct StudyProperty {
  std::string name;
  std::vector<double> values;  // by place in SeriesAnalysis::models; NaN for a model without it
  int64_t models = 0;          // that have it, at least one
  double smallest = 0;
  double largest = 0;
  BestValueBand best;  // over the models that have it
};

// The error distribution with every model weighted so that all levels of complexity weigh the same
// (analysis/statistics/normalized_edf.h); over the models whose complexity is known.
struct NormalizedEdf {
  std::string complexity;  // "flops" or "params"
  double low = 0;          // the pooled range of all series
  double high = 0;
  Edf edf;
};

// One series analysed.
//
// A member with done repeats has their mean error, whatever became of its other repeats. One
// without is counted in `failed` by its state: "diverged" if any run diverged (and it counts as
// 100% or is left out, by the option); else left out as "running", "pending" (also without any
// run), "out_of_memory", "failed" or "cancelled", the first of these that one of its runs is in.
// Done runs that lack the error asked for (imported ones may) do not count; a member with no others
// is left out as "without_error". A member that does not meet the conditions, or lacks a property
// they ask for, counts in `filtered` and nowhere else; those without an error are not asked for it.
struct SeriesAnalysis {
  std::string name;   // population
  std::string label;  // the name, with recipe and dataset where another series has the same
  std::string space;
  std::string recipe;
  std::string data;
  std::optional<Band> band;  // of flops the population was drawn in
  ErrorKind error = ErrorKind::kLast;
  std::map<std::string, int64_t> failed;
  // Runs of the models with an error that ended otherwise, by state: diverged, out_of_memory,
  // failed, cancelled.
  std::map<std::string, int64_t> failed_repeats;
  int64_t filtered = 0;
  int64_t micro_batched = 0;  // models of which a repeat had smaller batches than the recipe says
  // Runs of the models with an error by the precision they were trained in, where it is known. More
  // than one: `auto` meant different things on different devices.
  std::map<std::string, int64_t> precisions;
  // The same by the engine that trained them, with its version; those that diverged count too.
  std::map<std::string, int64_t> engines;
  std::vector<StudyModel> models;  // by error, those that diverged last, then by index
  // The rest only where there are models.
  double min_error = 0;
  double mean_error = 0;
  double median_error = 0;
  Interval mean;  // the mean with the 95% interval of its bootstrap
  Edf edf;
  std::vector<StudyProperty> properties;  // in the order of analysis/study/properties.h
  std::vector<NormalizedEdf> normalized;  // by flops and by params, where models have them
  std::vector<SearchPoint> random_search;
  std::optional<SeedNoise> seed_noise;
  std::optional<double> models_sd;  // of the errors of models that did not diverge, two or more
  LearningCurves curves;            // empty unless the records have epochs

  // The property of that name, or nullptr.
  const StudyProperty* Find(std::string_view property) const;
  std::string FullName() const { return name + " (" + recipe + ", " + data + ")"; }
};

// How many of the models did not diverge: they are the first ones.
size_t FinishedModels(const SeriesAnalysis& series);

// The errors of the models, ascending.
std::vector<double> ErrorsOf(const SeriesAnalysis& series);

}  // namespace dse
