#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/best_value.h"
#include "analysis/comparison.h"
#include "analysis/edf.h"
#include "core/json.h"
#include "core/result.h"

namespace dse {

struct StudyOptions {
  ErrorKind error = ErrorKind::kLast;
  BandMethod method = BandMethod::kExact;
  uint64_t seed = 0;              // of the Monte-Carlo and the bootstrap
  bool exclude_diverged = false;  // else a diverged member counts with 100% error
};

// A member that has an error.
struct StudyModel {
  int64_t index = 0;
  std::string hash;
  double error = 0;                          // percent; mean of the repeats
  std::optional<double> sd;                  // of the repeats, where there are several
  int repeats = 0;                           // runs the error is the mean of
  bool diverged = false;                     // every finished run diverged: error 100
  std::map<std::string, double> properties;  // analysis/properties.h
};

// One series analysed.
//
// A member with done repeats has their mean error, whatever became of its other repeats. One
// without is counted in `failed` by its state: "diverged" if any run diverged (and it counts as
// 100% or is left out, by the option); else left out as "running", "pending" (also without any
// run), "out_of_memory", "failed" or "cancelled", the first of these that one of its runs is in.
// Done runs that lack the error asked for (imported ones may) do not count; a member with no others
// is left out as "without_error".
struct SeriesAnalysis {
  std::string name;  // population
  std::string space;
  std::string recipe;
  std::string data;
  ErrorKind error = ErrorKind::kLast;
  std::map<std::string, int64_t> failed;
  int64_t micro_batched = 0;  // models of which a repeat had smaller batches than the recipe says
  std::vector<StudyModel> models;  // by error, then index
  // The rest only where there are models.
  double min_error = 0;
  double mean_error = 0;
  double median_error = 0;
  Edf edf;
  std::map<std::string, BestValueBand> best;  // each over the models that have the property
};

struct StudyAnalysis {
  StudyOptions options;
  std::vector<SeriesAnalysis> series;
  // Every pair, a before b, with models in both; p-values adjusted over all of them. a and b are
  // names of populations, with recipe and dataset behind where the name alone would not tell.
  std::vector<Comparison> comparisons;
};

// Everything `dse analyze` shows, from plain records. Pure: no printing, no files. Throws Error for
// an error that is not a finite number.
StudyAnalysis AnalyzeStudy(std::span<const SeriesRecord> series, const StudyOptions& options);

// The document of `dse analyze --json`; statistics of a series without models are null. The same
// study gives the same bytes.
Json StudyToJson(const StudyAnalysis& study);

// The tables for a terminal, at most 100 columns wide but for long names.
std::string StudyToText(const StudyAnalysis& study);

}  // namespace dse
