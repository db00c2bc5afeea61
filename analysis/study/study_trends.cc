#include "analysis/study/study_trends.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/statistics/pareto.h"
#include "analysis/statistics/sample_statistics.h"

namespace dse {
namespace {

constexpr double kLeastRatio = 1.5;

// A member's value of a property; NaN without.
double ValueOf(const SeriesAnalysis& series, const char* property, size_t place) {
  const StudyProperty* found = series.Find(property);
  return found ? found->values[place] : std::nan("");
}

std::vector<TrendGroup> GroupSeries(std::span<const SeriesAnalysis> series) {
  struct Key {
    std::string space, recipe, data;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<std::pair<Key, std::vector<std::pair<double, size_t>>>> found;
  for (size_t i = 0; i < series.size(); ++i) {
    const SeriesAnalysis& one = series[i];
    const StudyProperty* flops = one.Find("flops");
    if (!flops) continue;
    std::vector<double> known;
    std::ranges::copy_if(flops->values, std::back_inserter(known),
                         [](double value) { return !std::isnan(value); });
    const Key key{one.space.empty() ? one.name : one.space, one.recipe, one.data};
    auto at = std::ranges::find(found, key, [](const auto& group) { return group.first; });
    if (at == found.end()) at = found.insert(at, {key, {}});
    at->second.emplace_back(Median(known), i);
  }
  std::map<std::string, int> uses;
  for (const auto& [key, members] : found) ++uses[key.space];
  std::vector<TrendGroup> groups;
  for (auto& [key, members] : found) {
    TrendGroup group;
    group.label = uses[key.space] > 1 ? fmt::format("{} ({}, {})", key.space, key.recipe, key.data)
                                      : key.space;
    std::ranges::sort(members);
    for (const auto& [flops, place] : members) {
      group.series.push_back(place);
      group.flops.push_back(flops);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

std::string DeviceLabel(const TimingRecord& timing) {
  if (timing.threads <= 0) return fmt::format("{}, {}", timing.device, timing.precision);
  return fmt::format("{}, {} thread{}, {}", timing.device, timing.threads,
                     timing.threads == 1 ? "" : "s", timing.precision);
}

// The batch of which most networks were measured, of several the largest; 0 for none.
int UsualBatch(std::span<const TimingRecord> timings, const std::string& device, bool training) {
  std::map<int, int> networks;
  for (const TimingRecord& timing : timings) {
    if (timing.training == training && DeviceLabel(timing) == device) {
      ++networks[timing.batch_size];
    }
  }
  int usual = 0;
  for (const auto& [batch, count] : networks) {
    if (usual == 0 || count >= networks[usual]) usual = batch;
  }
  return usual;
}

std::vector<DeviceTimes> GroupTimings(std::span<const TimingRecord> timings) {
  std::vector<DeviceTimes> devices;
  for (const TimingRecord& timing : timings) {
    const std::string label = DeviceLabel(timing);
    auto at = std::ranges::find(devices, label, &DeviceTimes::device);
    if (at == devices.end()) {
      at = devices.insert(
          at, DeviceTimes{
                  label, UsualBatch(timings, label, false), UsualBatch(timings, label, true), {}});
    }
    NetworkTimes& network = at->networks[timing.model_hash];
    std::optional<BatchTime>& time = timing.training ? network.training : network.inference;
    const int usual = timing.training ? at->training_batch : at->inference_batch;
    const bool kept = time && (time->batch_size == usual || time->batch_size > timing.batch_size);
    if (timing.batch_size == usual || !kept) {
      time = BatchTime{timing.batch_size, timing.milliseconds};
    }
  }
  std::ranges::sort(devices, {}, &DeviceTimes::device);
  return devices;
}

// Milliseconds an image in a batch of the usual size; NaN where they were not measured.
double TimeOf(const DeviceTimes& device, const std::string& hash, bool training) {
  const auto at = device.networks.find(hash);
  if (at == device.networks.end()) return std::nan("");
  const std::optional<BatchTime>& time = training ? at->second.training : at->second.inference;
  const int usual = training ? device.training_batch : device.inference_batch;
  return time && time->batch_size == usual ? time->PerImage() : std::nan("");
}

// How a trend or a list names the device: with the batch its times are of.
std::string TimedDevice(const DeviceTimes& device, bool training) {
  return device.device + ", batch " +
         std::to_string(training ? device.training_batch : device.inference_batch);
}

// Sizes that hardly differ, as in one flop band, determine no trend.
bool VariesEnough(const std::vector<TrendPoint>& points) {
  if (points.empty()) return false;
  const auto [low, high] = std::ranges::minmax(points, {}, &TrendPoint::x);
  return high.x >= kLeastRatio * low.x;
}

void Fit(ComplexityTrend& trend, TrendForm form) {
  std::vector<double> x, y;
  for (const TrendPoint& point : trend.points) {
    x.push_back(point.x);
    y.push_back(point.y);
  }
  trend.fit = FitTrend(form, x, y);
}

// How many of the models, which are by error, a regression of complexity is about.
size_t BestQuarter(const SeriesAnalysis& series) {
  return std::min(std::max<size_t>(1, series.models.size() / 4), FinishedModels(series));
}

void AddComplexityTrends(std::span<const SeriesAnalysis> series, const TrendGroup& group,
                         std::vector<ComplexityTrend>& trends) {
  constexpr std::pair<const char*, TrendForm> kTrends[] = {{"acts", TrendForm::kSqrt},
                                                           {"params", TrendForm::kLinear}};
  for (const auto& [y, form] : kTrends) {
    ComplexityTrend trend{group.label, "flops", y, "", {}, {}};
    for (const size_t s : group.series) {
      for (size_t place = 0; place < BestQuarter(series[s]); ++place) {
        const TrendPoint point{s, place, ValueOf(series[s], "flops", place),
                               ValueOf(series[s], y, place)};
        if (point.x >= 0 && point.y >= 0) trend.points.push_back(point);
      }
    }
    if (!VariesEnough(trend.points)) continue;
    Fit(trend, form);
    trends.push_back(std::move(trend));
  }
}

void AddTimeTrends(std::span<const SeriesAnalysis> series, const TrendGroup& group,
                   const DeviceTimes& device, std::vector<ComplexityTrend>& trends) {
  constexpr std::pair<const char*, TrendForm> kTrends[] = {{"flops", TrendForm::kLinearSqrt},
                                                           {"acts", TrendForm::kLinear}};
  for (const bool training : {false, true}) {
    for (const auto& [x, form] : kTrends) {
      ComplexityTrend trend{
          group.label, x, training ? "training" : "inference", TimedDevice(device, training),
          {},          {}};
      for (const size_t s : group.series) {
        for (size_t place = 0; place < series[s].models.size(); ++place) {
          const TrendPoint point{s, place, ValueOf(series[s], x, place),
                                 TimeOf(device, series[s].models[place].hash, training)};
          if (point.x >= 0 && point.y >= 0) trend.points.push_back(point);
        }
      }
      if (!VariesEnough(trend.points)) continue;
      Fit(trend, form);
      trends.push_back(std::move(trend));
    }
  }
}

// Models of the series that share a recipe and a dataset, with their costs.
class ParetoCandidates {
 public:
  ParetoCandidates(std::span<const SeriesAnalysis> series, const SeriesAnalysis& like)
      : series_(series), recipe_(like.recipe), data_(like.data) {}

  template <typename CostOf>
  void AddList(const std::string& cost, const std::string& device, const CostOf& cost_of,
               std::vector<ParetoList>& lists) const {
    std::vector<ParetoEntry> entries;
    std::vector<double> costs, errors;
    for (size_t s = 0; s < series_.size(); ++s) {
      if (series_[s].recipe != recipe_ || series_[s].data != data_) continue;
      for (size_t place = 0; place < series_[s].models.size(); ++place) {
        const StudyModel& model = series_[s].models[place];
        const double value = cost_of(series_[s], place);
        if (model.diverged || !(value > 0)) continue;
        entries.push_back({s, place, value});
        costs.push_back(value);
        errors.push_back(model.error);
      }
    }
    if (entries.empty()) return;
    ParetoList list{cost, device, recipe_, data_, static_cast<int64_t>(entries.size()), {}};
    for (const size_t i : ParetoFront(costs, errors)) list.front.push_back(entries[i]);
    lists.push_back(std::move(list));
  }

 private:
  std::span<const SeriesAnalysis> series_;
  const std::string& recipe_;
  const std::string& data_;
};

std::vector<ParetoList> FindPareto(std::span<const SeriesAnalysis> series,
                                   std::span<const DeviceTimes> devices) {
  std::vector<ParetoList> lists;
  for (size_t i = 0; i < series.size(); ++i) {
    const auto same = [&](const SeriesAnalysis& other) {
      return other.recipe == series[i].recipe && other.data == series[i].data;
    };
    if (std::ranges::any_of(series.first(i), same)) continue;
    const ParetoCandidates candidates(series, series[i]);
    for (const char* cost : {"flops", "params", "acts"}) {
      candidates.AddList(
          cost, "",
          [cost](const SeriesAnalysis& one, size_t place) { return ValueOf(one, cost, place); },
          lists);
    }
    for (const DeviceTimes& device : devices) {
      candidates.AddList(
          "inference", TimedDevice(device, false),
          [&device](const SeriesAnalysis& one, size_t place) {
            return TimeOf(device, one.models[place].hash, false);
          },
          lists);
    }
  }
  return lists;
}

}  // namespace

bool AcrossBands(const TrendGroup& group) {
  return group.flops.back() >= kLeastRatio * group.flops.front();
}

StudyTrends FindTrends(std::span<const SeriesAnalysis> series,
                       std::span<const TimingRecord> timings) {
  StudyTrends trends;
  trends.groups = GroupSeries(series);
  trends.devices = GroupTimings(timings);
  for (const TrendGroup& group : trends.groups) {
    AddComplexityTrends(series, group, trends.regressions);
    for (const DeviceTimes& device : trends.devices) {
      AddTimeTrends(series, group, device, trends.regressions);
    }
  }
  trends.pareto = FindPareto(series, trends.devices);
  return trends;
}

}  // namespace dse
