#include "sampler/space_size.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "sampler/candidate_drawer.h"
#include "sampler/compiled_space.h"
#include "sampler/space_spec.h"

namespace dse {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int64_t kDraws = 1'000'000;

// A count, exact while it is below 2^128, and about in any case.
struct Count {
  Wide exact = 0;
  double about = 0;
  bool overflowed = false;

  Count() = default;
  explicit Count(uint64_t n) : exact(n), about(static_cast<double>(n)) {}

  Count& operator+=(const Count& other) {
    overflowed |= other.overflowed || __builtin_add_overflow(exact, other.exact, &exact);
    about += other.about;
    return *this;
  }
  // `other` is part of this count.
  Count& operator-=(const Count& other) {
    exact -= other.exact;
    about -= other.about;
    return *this;
  }
  Count& operator*=(const Count& other) {
    overflowed |= other.overflowed || __builtin_mul_overflow(exact, other.exact, &exact);
    about *= other.about;
    return *this;
  }
};

std::string DigitsOf(Wide n) {
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(n % 10));
    n /= 10;
  } while (n > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Which values may come before a value, of two neighbouring stages.
struct Order {
  bool may_rise = true;
  bool may_fall = true;
};

Order OrderOf(const CompiledSpace& space, Parameter parameter) {
  Order order;
  for (const Constraint& constraint : space.orders) {
    if (constraint.parameter != parameter) continue;
    if (constraint.kind != ConstraintKind::kNonDecreasing) order.may_rise = false;
    if (constraint.kind != ConstraintKind::kNonIncreasing) order.may_fall = false;
  }
  return order;
}

// Whole values of one parameter, stage by stage.
struct Sequence {
  std::vector<std::vector<int>> values;  // ascending
  bool shared = false;                   // the same in all stages
  Order order;
  // Bounds on the sum; none where `most` is 0.
  int64_t least = 0;
  int64_t most = 0;
};

Count CountShared(const Sequence& sequence) {
  Count count;
  const auto stages = static_cast<int64_t>(sequence.values.size());
  for (const int value : sequence.values.front()) {
    const int64_t sum = value * stages;
    if (sequence.most == 0 || (sum >= sequence.least && sum <= sequence.most)) count += Count(1);
  }
  return count;
}

using Row = std::vector<Count>;  // by sum; a single entry where sums do not matter

// Sums over the first 0, 1, ... rows.
std::vector<Row> RunningSums(const std::vector<Row>& rows) {
  std::vector<Row> sums{Row(rows.front().size())};
  for (const Row& row : rows) {
    sums.push_back(sums.back());
    for (size_t i = 0; i < row.size(); ++i) sums.back()[i] += row[i];
  }
  return sums;
}

// Sequences by last value (a row for each) and sum, one stage after another.
Count CountSequences(const Sequence& sequence) {
  if (sequence.shared) return CountShared(sequence);
  const auto sums = static_cast<size_t>(sequence.most) + 1;
  std::vector<int> before;
  std::vector<Row> rows;
  for (const std::vector<int>& values : sequence.values) {
    Row start(sums);
    start.front() = Count(1);
    const std::vector<Row> running = RunningSums(rows.empty() ? std::vector<Row>{start} : rows);
    std::vector<Row> next(values.size(), Row(sums));
    for (size_t i = 0; i < values.size(); ++i) {
      // The values that may come before make a range.
      const auto at_least = std::lower_bound(before.begin(), before.end(), values[i]);
      const auto above = std::upper_bound(before.begin(), before.end(), values[i]);
      const bool first = before.empty();
      const size_t low = first || sequence.order.may_rise ? 0 : size_t(at_least - before.begin());
      const size_t high = first                     ? 1
                          : sequence.order.may_fall ? before.size()
                                                    : size_t(above - before.begin());
      const size_t grown = sequence.most == 0 ? 0 : static_cast<size_t>(values[i]);
      for (size_t sum = grown; sum < sums; ++sum) {
        next[i][sum] = running[high][sum - grown];
        next[i][sum] -= running[low][sum - grown];
      }
    }
    rows = std::move(next);
    before = values;
  }
  Count total;
  for (const Row& row : rows) {
    for (size_t sum = static_cast<size_t>(sequence.least); sum < sums; ++sum) total += row[sum];
  }
  return total;
}

std::vector<int> SortedValues(const DrawnParameter& drawn) {
  std::vector<int> values;
  for (const double value : ValuesOf(drawn, 1)) values.push_back(static_cast<int>(value));
  std::sort(values.begin(), values.end());
  return values;
}

bool Varies(const DrawnParameter& drawn) {
  return drawn.law && (!drawn.law->table || drawn.law->table->values().size() > 1);
}

// Depths or widths of `stages` stages.
Count CountOrdered(const SpaceSpec& spec, const CompiledSpace& space, const ComputeRange& range,
                   Parameter parameter, size_t stages) {
  Sequence sequence;
  for (size_t i = 0; i < stages; ++i) {
    sequence.values.push_back(SortedValues(range.stages[i][parameter]));
  }
  sequence.shared = spec.Shares(parameter);
  sequence.order = OrderOf(space, parameter);
  if (parameter == Parameter::kDepth && !space.depth_bounds.empty()) {
    sequence.most = INT32_MAX;
    for (const Constraint& bound : space.depth_bounds) {
      sequence.least = std::max(sequence.least, bound.low);
      sequence.most = std::min(sequence.most, bound.high);
    }
    int64_t deepest = 0;
    for (const std::vector<int>& values : sequence.values) deepest += values.back();
    sequence.most = std::min(sequence.most, deepest);
    if (sequence.least > sequence.most) return {};
  }
  return CountSequences(sequence);
}

constexpr std::array<Parameter, 4> kUnordered{Parameter::kBottleneck, Parameter::kGroupWidth,
                                              Parameter::kKernel, Parameter::kExpansion};

Count CountValues(const DrawnParameter& drawn) { return Count(ValuesOf(drawn, 1).size()); }

Count CountAnyNet(const SpaceSpec& spec, const CompiledSpace& space, const ComputeRange& range) {
  Count total;
  for (const int stages : spec.stage_counts) {
    Count count(1);
    for (const Parameter parameter : {Parameter::kDepth, Parameter::kWidth}) {
      count *= CountOrdered(spec, space, range, parameter, static_cast<size_t>(stages));
    }
    for (const Parameter parameter : kUnordered) {
      const int drawn = spec.Shares(parameter) ? 1 : stages;
      for (int i = 0; i < drawn; ++i) {
        count *= CountValues(range.stages[static_cast<size_t>(i)][parameter]);
      }
    }
    total += count;
  }
  return total;
}

Count CountRegNet(const SpaceSpec& spec, const CompiledSpace& space, const ComputeRange& range) {
  Count count = CountValues(range.stages[0][Parameter::kDepth]);
  for (const Parameter parameter : kUnordered) count *= CountValues(range.stages[0][parameter]);
  count *= CountValues(space.wm);
  count *= CountValues(space.w0);
  const bool same = spec.parameters.at(Parameter::kWa).same_as.has_value() ||
                    spec.parameters.at(Parameter::kW0).same_as.has_value();
  if (!same) count *= CountValues(space.wa);
  return count;
}

// Why the settings cannot be counted, or "".
std::string Uncountable(const CompiledSpace& space) {
  if (space.ranges.size() > 1) return "group widths go by compute";
  const std::array<std::pair<const char*, const DrawnParameter*>, 3> drawn{
      {{"w0", &space.w0}, {"wa", &space.wa}, {"wm", &space.wm}}};
  for (const auto& [name, parameter] : drawn) {
    if (parameter->law && !parameter->law->table) return std::string(name) + " is continuous";
  }
  return "";
}

Count CountSettings(const SpaceSpec& spec, const CompiledSpace& space) {
  const ComputeRange& range = space.ranges.front();
  Count count = spec.type == SpaceType::kRegNet ? CountRegNet(spec, space, range)
                                                : CountAnyNet(spec, space, range);
  count *= Count(space.frames.size());
  return count;
}

int CountDimensions(const SpaceSpec& spec, const CompiledSpace& space) {
  int dimensions = Varies(space.model) + Varies(space.frame) + Varies(space.stage_count);
  if (spec.type == SpaceType::kModels) return dimensions;
  const bool same =
      spec.type == SpaceType::kRegNet && (spec.parameters.at(Parameter::kWa).same_as.has_value() ||
                                          spec.parameters.at(Parameter::kW0).same_as.has_value());
  dimensions += Varies(space.w0) + (!same && Varies(space.wa)) + Varies(space.wm);
  const int stages = spec.type == SpaceType::kRegNet ? 1 : spec.max_stages();
  for (int i = 0; i < kStageParameterCount; ++i) {
    const auto parameter = static_cast<Parameter>(i);
    const int drawn = spec.Shares(parameter) ? 1 : stages;
    for (int stage = 0; stage < drawn; ++stage) {
      dimensions += Varies(space.ranges.front().stages[static_cast<size_t>(stage)][parameter]);
    }
  }
  return dimensions;
}

// The same sets with every setting equally likely.
SpaceSpec Uniform(SpaceSpec spec) {
  for (auto& [parameter, law] : spec.parameters) {
    for (Distribution& d : law.by_stage) {
      if (d.kind == DistributionKind::kLogUniform && !d.continuous()) {
        d.kind = DistributionKind::kUniform;
      }
    }
  }
  return spec;
}

// Wilson's interval at 99%.
SpaceSize::Share ShareOf(int64_t kept, int64_t draws) {
  constexpr double kZ = 2.5758293035489004;
  const auto n = static_cast<double>(draws);
  const double p = static_cast<double>(kept) / n;
  const double middle = (p + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
  const double reach = kZ / (1 + kZ * kZ / n) * std::sqrt(p * (1 - p) / n + kZ * kZ / (4 * n * n));
  return {p, std::max(0.0, middle - reach), std::min(1.0, middle + reach), draws};
}

// Among settings that are equally likely and keep the orders as drawn: how many are networks within
// all constraints. Draws that break an order or a bound on depth do not count as settings.
std::optional<SpaceSize::Share> EstimateShare(const SpaceSpec& spec, const CompiledSpace& space) {
  if (spec.type == SpaceType::kAnyNet && space.complexity_bounds.empty()) return {};
  const CompiledSpace uniform = CompileSpace(Uniform(spec), "");
  SpaceSpec loose = Uniform(spec);
  std::erase_if(loose.constraints, [](const Constraint& constraint) {
    return constraint.kind == ConstraintKind::kParamsAtMost ||
           constraint.kind == ConstraintKind::kActsAtMost;
  });
  const CompiledSpace unbound = CompileSpace(loose, "");
  CandidateDrawer drawer(uniform, /*key=*/0);
  CandidateDrawer unbound_drawer(unbound, /*key=*/0);
  Candidate candidate;
  int64_t settings = 0;
  int64_t kept = 0;
  for (int64_t number = 0; number < kDraws; ++number) {
    kept += drawer.Draw(number, kAnyBand, candidate);
    settings +=
        spec.type == SpaceType::kRegNet ? 1 : unbound_drawer.Draw(number, kAnyBand, candidate);
  }
  if (settings == 0) return {};
  return ShareOf(kept, settings);
}

// Table 1 of the paper; RegNet there is quantised to 64 values each of d, w0, wa, wm.
std::optional<std::string> TableEntry(const std::string& name) {
  static const std::array<std::array<const char*, 2>, 6> kRows{{
      {"AnyNetXA", "(16*128*3*6)^4 ~ 1.8e18"},
      {"AnyNetXB", "(16*128*6)^4*3 ~ 6.8e16"},
      {"AnyNetXC", "(16*128)^4*3*6 ~ 3.2e14"},
      {"AnyNetXD", "(16*128)^4*3*6/4! ~ 1.3e13"},
      {"AnyNetXE", "(16*128)^4*3*6/(4!)^2 ~ 5.5e11"},
      {"RegNetX", "64^4*6*3 ~ 3.0e8"},
  }};
  for (const auto& row : kRows) {
    if (name == row[0]) return row[1];
  }
  return {};
}

}  // namespace

SpaceSize SizeOf(const Space& space) {
  const SpaceSpec& spec = space.spec();
  const CompiledSpace& compiled = space.compiled();
  SpaceSize size;
  size.dimensions = CountDimensions(spec, compiled);
  const auto table = TableEntry(space.name());
  const bool built_in = table && Space::Load(space.name()).document() == space.document();
  if (built_in) size.table = table;
  if (spec.type == SpaceType::kModels) {
    int64_t allowed = 0;
    for (const ListedModel& listed : compiled.models) allowed += listed.allowed;
    size.exact = std::to_string(allowed);
    size.settings = static_cast<double>(allowed);
    return size;
  }
  size.uncountable = Uncountable(compiled);
  if (!size.uncountable.empty()) return size;
  const Count count = CountSettings(spec, compiled);
  size.settings = count.about;
  if (!count.overflowed) size.exact = DigitsOf(count.exact);
  size.share = EstimateShare(spec, compiled);
  return size;
}

}  // namespace dse
