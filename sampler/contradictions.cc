#include "sampler/contradictions.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/error.h"

namespace dse {
namespace {

using Values = std::set<int>;

// What one parameter can be in each stage of the smallest network.
using Choices = std::vector<Values>;

Values WidthsOf(const StageLaws& laws) {
  Values widths;
  for (const auto& entry : laws.compatible->entries) {
    if (entry.width > 0) widths.insert(entry.width);
  }
  return widths;
}

Values DepthsOf(const StageLaws& laws) {
  Values depths;
  for (const double depth : ValuesOf(laws[Parameter::kDepth], 1)) {
    depths.insert(static_cast<int>(depth));
  }
  return depths;
}

// All ranges of compute have the same depths; the widths of all of them are joined.
Choices ChoicesOf(const CompiledSpace& space, Parameter parameter, size_t stages) {
  Choices choices(stages);
  for (const ComputeRange& range : space.ranges) {
    for (size_t i = 0; i < stages; ++i) {
      choices[i].merge(parameter == Parameter::kDepth ? DepthsOf(range.stages[i])
                                                      : WidthsOf(range.stages[i]));
    }
  }
  return choices;
}

// Drops what cannot stand beside any choice of the neighbouring stages.
void KeepOrder(ConstraintKind kind, Choices& choices) {
  if (kind == ConstraintKind::kNonIncreasing) {
    std::reverse(choices.begin(), choices.end());
    KeepOrder(ConstraintKind::kNonDecreasing, choices);
    std::reverse(choices.begin(), choices.end());
    return;
  }
  if (kind == ConstraintKind::kNonDecreasing) {
    for (size_t i = 1; i < choices.size() && !choices[i - 1].empty(); ++i) {
      choices[i].erase(choices[i].begin(), choices[i].lower_bound(*choices[i - 1].begin()));
    }
    for (size_t i = choices.size() - 1; i > 0 && !choices[i].empty(); --i) {
      choices[i - 1].erase(choices[i - 1].upper_bound(*choices[i].rbegin()), choices[i - 1].end());
    }
    return;
  }
  Values common = choices.front();
  for (const Values& values : choices) {
    Values both;
    std::set_intersection(common.begin(), common.end(), values.begin(), values.end(),
                          std::inserter(both, both.end()));
    common = both;
  }
  std::fill(choices.begin(), choices.end(), common);
}

[[noreturn]] void Refuse(const std::string& where, const Constraint& constraint,
                         const std::string& why) {
  throw Error(where + ": no network can keep the constraint " +
              ConstraintToJson(constraint).dump() + ": " + why);
}

void CheckOrders(const CompiledSpace& space, Parameter parameter, const std::string& where,
                 Choices& choices) {
  const bool unlisted =
      std::any_of(choices.begin(), choices.end(), [](const Values& v) { return v.empty(); });
  if (unlisted) return;
  // Twice, as a later order may narrow what an earlier one left.
  for (int pass = 0; pass < 2; ++pass) {
    for (const Constraint& order : space.orders) {
      if (order.parameter != parameter) continue;
      KeepOrder(order.kind, choices);
      for (size_t i = 0; i < choices.size(); ++i) {
        if (!choices[i].empty()) continue;
        Refuse(where, order,
               std::string("nothing that stage ") + std::to_string(i + 1) +
                   " can be goes with the other stages");
      }
    }
  }
}

void CheckDepthBounds(const CompiledSpace& space, int64_t least, int64_t most,
                      const std::string& where) {
  for (const Constraint& bound : space.depth_bounds) {
    if (bound.high < least || bound.low > most) {
      Refuse(where, bound,
             "they have " + std::to_string(least) + " to " + std::to_string(most) + " blocks");
    }
    least = std::max(least, bound.low);
    most = std::min(most, bound.high);
  }
}

void CheckAnyNet(const SpaceSpec& spec, const CompiledSpace& space, const std::string& where) {
  const auto [fewest, most] =
      std::minmax_element(spec.stage_counts.begin(), spec.stage_counts.end());
  Choices widths = ChoicesOf(space, Parameter::kWidth, static_cast<size_t>(*fewest));
  CheckOrders(space, Parameter::kWidth, where, widths);
  Choices depths = ChoicesOf(space, Parameter::kDepth, static_cast<size_t>(*fewest));
  CheckOrders(space, Parameter::kDepth, where, depths);
  int64_t least_depth = 0;
  for (const Values& values : depths) least_depth += *values.begin();
  int64_t most_depth = 0;
  Choices all = ChoicesOf(space, Parameter::kDepth, static_cast<size_t>(*most));
  for (const Values& values : all) most_depth += *values.rbegin();
  CheckDepthBounds(space, least_depth, most_depth, where);
}

void CheckRegNet(const SpaceSpec& spec, const CompiledSpace& space, const std::string& where) {
  const Values depths = DepthsOf(space.ranges.front().stages[0]);
  const int fewest = *std::min_element(spec.stage_counts.begin(), spec.stage_counts.end());
  if (*depths.rbegin() < fewest) {
    throw Error(where + ": no network has " + std::to_string(fewest) +
                " stages: the depth is at most " + std::to_string(*depths.rbegin()));
  }
  CheckDepthBounds(space, *depths.begin(), *depths.rbegin(), where);
}

void CheckModels(const CompiledSpace& space, const std::string& where) {
  const bool allowed = std::any_of(space.models.begin(), space.models.end(),
                                   [](const ListedModel& listed) { return listed.allowed; });
  if (!allowed) throw Error(where + ": none of the models keeps the constraints");
}

}  // namespace

void RefuseContradictions(const SpaceSpec& spec, const CompiledSpace& space,
                          const std::string& where) {
  switch (spec.type) {
    case SpaceType::kAnyNet:
      return CheckAnyNet(spec, space, where);
    case SpaceType::kRegNet:
      return CheckRegNet(spec, space, where);
    case SpaceType::kModels:
      return CheckModels(space, where);
  }
}

}  // namespace dse
