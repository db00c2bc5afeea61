#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/statistics/regression.h"
#include "analysis/study/series_analysis.h"
#include "core/result.h"
#include "core/timing.h"

namespace dse {

// Series of one space (of one population, where the space has no name) trained alike: what trends
// across flop bands are seen in.
struct TrendGroup {
  std::string label;           // space, with recipe and dataset where another group has the same
  std::vector<size_t> series;  // places of series with models of known flops, by their median flops
  std::vector<double> flops;   // those medians
};

// Whether the flops of a group's series differ enough to show a trend: by a half at least.
bool AcrossBands(const TrendGroup& group);

// The time of a batch, as measured on a device.
struct BatchTime {
  int batch_size = 0;
  double milliseconds = 0;
  double PerImage() const { return milliseconds / batch_size; }
};
struct NetworkTimes {
  std::optional<BatchTime> inference;  // of the device's usual batch, else of the largest measured
  std::optional<BatchTime> training;
};
// Times of other batches than the usual one, of which most networks were measured (of several the
// largest), are not comparable and enter no regression and no list.
struct DeviceTimes {
  std::string device;       // with precision, and threads of a CPU: "NVIDIA H200, bf16"
  int inference_batch = 0;  // the usual one, 0 for none measured
  int training_batch = 0;
  std::unordered_map<std::string, NetworkTimes> networks;  // by hash
};

// One of the regressions of section 4 of the paper (figure 12), over the models of a group.
struct TrendPoint {
  size_t series = 0;
  size_t place = 0;  // in SeriesAnalysis::models
  double x = 0;
  double y = 0;
};
struct ComplexityTrend {
  std::string group;   // label
  std::string x;       // flops, acts
  std::string y;       // acts, params, inference, training: the last two in ms an image
  std::string device;  // of times
  std::vector<TrendPoint> points;
  std::optional<Regression> fit;  // where the points determine one
};

// Models no other model beats in both error and cost, among series with one recipe and dataset.
struct ParetoEntry {
  size_t series = 0;
  size_t place = 0;
  double cost = 0;
};
struct ParetoList {
  std::string cost;  // flops, params, acts, inference (ms an image)
  std::string device;
  std::string recipe;
  std::string data;
  int64_t models = 0;              // that have this cost and did not diverge
  std::vector<ParetoEntry> front;  // by cost
};

struct StudyTrends {
  std::vector<TrendGroup> groups;
  std::vector<DeviceTimes> devices;
  std::vector<ComplexityTrend> regressions;
  std::vector<ParetoList> pareto;
};

// Acts and params against flops are regressed over the best quarter of each series (at least one
// model; those that diverged left out), times over all models that were measured; nothing over
// models of which the largest x is less than half as large again as the smallest. Models of
// negative size do not count, and none whose cost is not above 0 is in a list.
StudyTrends FindTrends(std::span<const SeriesAnalysis> series,
                       std::span<const TimingRecord> timings);

}  // namespace dse
