#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/result.h"

namespace dse {

// The test error after each epoch, in percent. A model's curve is the mean over those of its done
// repeats that have an error for the epoch.

// What the models of a series reach by the end of an epoch: the 10%, 50% and 90% quantiles over the
// models that have an error for it.
struct EpochSpread {
  int epoch = 0;  // from 1
  int64_t models = 0;
  double low = 0;
  double median = 0;
  double high = 0;
};

struct CurvePoint {
  int epoch = 0;
  double error = 0;
};

struct LearningCurve {
  size_t place = 0;  // of the model among those given
  std::vector<CurvePoint> points;
};

struct LearningCurves {
  std::vector<EpochSpread> spread;    // by epoch
  std::vector<LearningCurve> models;  // of the three best, the middle one and the three worst
  int64_t without = 0;                // models with done repeats, none of which has epochs
};

// `members` by error, best first. Empty curves where no run has epochs.
LearningCurves SummarizeCurves(std::span<const MemberRecord* const> members);

}  // namespace dse
