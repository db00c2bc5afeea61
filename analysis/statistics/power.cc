#include "analysis/statistics/power.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "analysis/statistics/index_draws.h"
#include "analysis/statistics/proportion.h"
#include "core/error.h"
#include "core/rng.h"

namespace dse {
namespace {

constexpr double kTestLevel = 0.05;
constexpr double kEnough = 0.99;
constexpr double kTarget = 0.8;
constexpr int64_t kFirstModels = 5;
constexpr int64_t kLeastLimit = 1000;
constexpr int64_t kMostModels = 20'000;
constexpr size_t kDrawsAtOnce = 16;  // draws worked on together

// The distance between two EDFs moves one way through a stretch of errors that one sample alone
// has, so it needs looking at only behind such a stretch. A cell is a stretch, or one error that
// both samples have.
struct Cells {
  std::vector<uint32_t> of_a;  // by place in the sorted sample
  std::vector<uint32_t> of_b;
  size_t count = 0;
};

Cells MakeCells(std::span<const double> a, std::span<const double> b) {
  std::vector<double> first(a.begin(), a.end());
  std::vector<double> second(b.begin(), b.end());
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  Cells cells;
  enum class Owner { kA, kB, kBoth };
  Owner last = Owner::kBoth;
  while (cells.of_a.size() < first.size() || cells.of_b.size() < second.size()) {
    const size_t i = cells.of_a.size();
    const size_t j = cells.of_b.size();
    const bool has_a = j == second.size() || (i < first.size() && first[i] <= second[j]);
    const bool has_b = i == first.size() || (j < second.size() && second[j] <= first[i]);
    const Owner owner = has_a && has_b ? Owner::kBoth : has_a ? Owner::kA : Owner::kB;
    if (owner == Owner::kBoth || owner != last) ++cells.count;
    last = owner;
    const double value = has_a ? first[i] : second[j];
    const auto cell = static_cast<uint32_t>(cells.count - 1);
    while (cells.of_a.size() < first.size() && first[cells.of_a.size()] == value) {
      cells.of_a.push_back(cell);
    }
    while (cells.of_b.size() < second.size() && second[cells.of_b.size()] == value) {
      cells.of_b.push_back(cell);
    }
  }
  return cells;
}

std::vector<int64_t> LadderUpTo(int64_t limit) {
  std::vector<int64_t> ladder;
  for (int step = 0; ladder.empty() || ladder.back() < limit; ++step) {
    const double models = static_cast<double>(kFirstModels) * std::exp2(step / 2.0);
    ladder.push_back(std::min(limit, static_cast<int64_t>(std::llround(models))));
  }
  return ladder;
}

// What does not change between the draws of a pair.
struct Setting {
  Cells cells;
  std::vector<int64_t> ladder;
  std::vector<int64_t> critical;  // for each of the ladder
  uint64_t key = 0;
};

// A number of draws, at most kDrawsAtOnce, each with its own streams. difference[cell *
// kDrawsAtOnce + lane] is how many more errors draw `lane` has in the cell from a than from b.
class Batch {
 public:
  using Count = int16_t;  // small, for the cache's sake
  static_assert(kMostModels <= std::numeric_limits<Count>::max());

  Batch(const Setting& setting, size_t first_draw, size_t draws)
      : setting_(setting), difference_(setting.cells.count * kDrawsAtOnce) {
    for (size_t draw = first_draw; draw < first_draw + draws; ++draw) {
      from_a_.emplace_back(setting.key, 2 * draw, Size(setting.cells.of_a));
      from_b_.emplace_back(setting.key, 2 * draw + 1, Size(setting.cells.of_b));
    }
  }

  void Add(int64_t models) {
    places_.resize(static_cast<size_t>(models));
    for (size_t lane = 0; lane < from_a_.size(); ++lane) {
      from_a_[lane].Fill(places_);
      for (uint32_t place : places_)
        ++difference_[setting_.cells.of_a[place] * kDrawsAtOnce + lane];
      from_b_[lane].Fill(places_);
      for (uint32_t place : places_)
        --difference_[setting_.cells.of_b[place] * kDrawsAtOnce + lane];
    }
  }

  // How many draws have a distance of `critical` or more between their EDFs, in units of 1/n.
  int CountReached(int64_t critical) const {
    std::array<Count, kDrawsAtOnce> path{};
    std::array<Count, kDrawsAtOnce> highest{};
    std::array<Count, kDrawsAtOnce> lowest{};
    for (size_t cell = 0; cell < setting_.cells.count; ++cell) {
      for (size_t lane = 0; lane < kDrawsAtOnce; ++lane) {
        path[lane] = static_cast<Count>(path[lane] + difference_[cell * kDrawsAtOnce + lane]);
        highest[lane] = std::max(highest[lane], path[lane]);
        lowest[lane] = std::min(lowest[lane], path[lane]);
      }
    }
    int reached = 0;
    for (size_t lane = 0; lane < from_a_.size(); ++lane) {
      reached += highest[lane] >= critical || -lowest[lane] >= critical ? 1 : 0;
    }
    return reached;
  }

 private:
  static uint32_t Size(const std::vector<uint32_t>& places) {
    return static_cast<uint32_t>(places.size());
  }

  const Setting& setting_;
  std::vector<Count> difference_;
  std::vector<IndexDraws> from_a_;
  std::vector<IndexDraws> from_b_;
  std::vector<uint32_t> places_;
};

// How many of all draws the test rejects at each of the first `steps` of the ladder.
std::vector<int> CountRejected(const Setting& setting, size_t steps) {
  constexpr size_t kDraws = kPowerDraws;
  std::vector<int> rejected(steps);
  for (size_t first = 0; first < kDraws; first += kDrawsAtOnce) {
    Batch batch(setting, first, std::min(kDrawsAtOnce, kDraws - first));
    int64_t models = 0;
    for (size_t step = 0; step < steps; ++step) {
      batch.Add(setting.ladder[step] - models);
      models = setting.ladder[step];
      rejected[step] += batch.CountReached(setting.critical[step]);
    }
  }
  return rejected;
}

// The steps of the ladder up to the first at which the test rejects all of a few draws.
size_t StepsOfPilot(const Setting& setting) {
  Batch batch(setting, 0, kDrawsAtOnce);
  int64_t models = 0;
  for (size_t step = 0; step < setting.ladder.size(); ++step) {
    batch.Add(setting.ladder[step] - models);
    models = setting.ladder[step];
    if (batch.CountReached(setting.critical[step]) == static_cast<int>(kDrawsAtOnce))
      return step + 1;
  }
  return setting.ladder.size();
}

// Rejections along the ladder up to the first that are enough. A pilot tells about how far that is,
// so that not all draws need to go to the end; where it told wrong, the same draws go again, on a
// longer way.
std::vector<int> RejectionsUntilEnough(const Setting& setting) {
  const auto enough = static_cast<int>(std::ceil(kEnough * kPowerDraws));
  size_t steps = StepsOfPilot(setting);
  while (true) {
    steps = std::min(steps + 1, setting.ladder.size());
    std::vector<int> rejected = CountRejected(setting, steps);
    const auto reached = std::find_if(rejected.begin(), rejected.end(),
                                      [enough](int count) { return count >= enough; });
    if (reached != rejected.end()) rejected.erase(reached + 1, rejected.end());
    if (reached != rejected.end() || steps == setting.ladder.size()) return rejected;
  }
}

std::optional<int64_t> ModelsForTarget(const std::vector<PowerPoint>& points) {
  const auto reached = std::find_if(points.begin(), points.end(), [](const PowerPoint& point) {
    return point.power.point >= kTarget;
  });
  if (reached == points.end()) return {};
  if (reached == points.begin()) return reached->models;
  const PowerPoint& before = *(reached - 1);
  const double share = (kTarget - before.power.point) / (reached->power.point - before.power.point);
  const double low = std::log(static_cast<double>(before.models));
  const double high = std::log(static_cast<double>(reached->models));
  constexpr double kRounding = 1e-9;
  return static_cast<int64_t>(std::ceil(std::exp(low + share * (high - low)) - kRounding));
}

}  // namespace

int64_t PowerCriticalValue(int64_t n) {
  const auto log_factorial = [](int64_t k) {
    int sign = 0;
    return lgamma_r(static_cast<double>(k) + 1, &sign);
  };
  const double middle = 2 * log_factorial(n);
  const auto tail = [&](int64_t c) {
    double sum = 0;
    double sign = 2;
    for (int64_t j = c; j <= n; j += c) {  // C(2n, n - j) / C(2n, n)
      const double term = std::exp(middle - log_factorial(n - j) - log_factorial(n + j));
      sum += sign * term;
      sign = -sign;
      if (term < 1e-18) break;
    }
    return sum;
  };
  int64_t low = 0;  // its tail is above 5%
  int64_t high = n;
  while (high - low > 1) {
    const int64_t c = low + (high - low) / 2;
    (tail(c) <= kTestLevel ? high : low) = c;
  }
  return high;
}

PowerCurve ComparisonPower(std::span<const double> a, std::span<const double> b, uint64_t seed,
                           std::string_view purpose) {
  for (std::span<const double> sample : {a, b}) {
    if (sample.empty()) throw Error("the power to tell spaces apart needs models of both");
    if (sample.size() > std::numeric_limits<uint32_t>::max()) {
      throw Error("a sample is too large to draw from");
    }
    for (double error : sample) {
      if (!std::isfinite(error)) throw Error("an error of a space must be a finite number");
    }
  }
  Setting setting;
  setting.cells = MakeCells(a, b);
  setting.ladder = LadderUpTo(
      std::clamp(static_cast<int64_t>(std::max(a.size(), b.size())), kLeastLimit, kMostModels));
  for (int64_t models : setting.ladder) setting.critical.push_back(PowerCriticalValue(models));
  setting.key = StreamKey(seed, "power " + std::string(purpose));

  PowerCurve curve;
  const std::vector<int> rejected = RejectionsUntilEnough(setting);
  for (size_t step = 0; step < rejected.size(); ++step) {
    curve.points.push_back({setting.ladder[step], ClopperPearson(rejected[step], kPowerDraws)});
  }
  curve.models_for_80 = ModelsForTarget(curve.points);
  return curve;
}

}  // namespace dse
