#include "sampler/constraint.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/suggest.h"

namespace dse {
namespace {

constexpr std::array<Word<ConstraintKind>, 7> kConstraintWords{{
    {"shared", ConstraintKind::kShared},
    {"equal", ConstraintKind::kEqual},
    {"non_decreasing", ConstraintKind::kNonDecreasing},
    {"non_increasing", ConstraintKind::kNonIncreasing},
    {"total_depth", ConstraintKind::kTotalDepth},
    {"params_at_most", ConstraintKind::kParamsAtMost},
    {"acts_at_most", ConstraintKind::kActsAtMost},
}};
constexpr std::span<const Word<ConstraintKind>> kConstraintKindWords{kConstraintWords};

constexpr std::array<Word<Parameter>, 2> kOrdered{{
    {"depth", Parameter::kDepth},
    {"width", Parameter::kWidth},
}};
constexpr std::span<const Word<Parameter>> kOrderedWords{kOrdered};

ConstraintKind ReadKind(const Json& json, const std::string& where) {
  if (!json.is_object() || json.size() != 1) {
    throw Error(where + " must be an object with one key, such as {\"non_decreasing\": \"width\"}");
  }
  const std::string& key = json.begin().key();
  std::vector<std::string> allowed;
  for (const auto& word : kConstraintKindWords) {
    if (key == word.text) return word.value;
    allowed.emplace_back(word.text);
  }
  throw Error(where + " is '" + key + "', which is none of " + JoinWords(allowed) +
              DidYouMean(key, allowed));
}

void ReadTotalDepth(const Json& json, const std::string& where, Constraint& constraint) {
  const bool pair = json.is_array() && json.size() == 2 && json[0].is_number_integer() &&
                    json[1].is_number_integer();
  if (pair) {
    constraint.low = json[0].get<int64_t>();
    constraint.high = json[1].get<int64_t>();
  }
  if (!pair || constraint.low < 1 || constraint.low > constraint.high) {
    throw Error(where + " must be two whole numbers from 1, low then high, such as [12, 28]");
  }
}

void ReadBound(const Json& json, const std::string& where, Constraint& constraint) {
  ObjectReader reader(json, where);
  constraint.m = reader.Real("m", 0, 1e9, 0);
  constraint.m_per_gf = reader.Real("m_per_gf", 0, 1e9, 0);
  constraint.m_per_sqrt_gf = reader.Real("m_per_sqrt_gf", 0, 1e9, 0);
  reader.Finish();
  if (constraint.m + constraint.m_per_gf + constraint.m_per_sqrt_gf <= 0) {
    throw Error(where + " must give at least one of m, m_per_gf, m_per_sqrt_gf above 0");
  }
}

int ValueOf(Parameter parameter, const Stage& stage) {
  return parameter == Parameter::kDepth ? stage.depth : stage.width;
}

}  // namespace

Constraint ParseConstraint(const Json& json, const std::string& where) {
  Constraint constraint;
  constraint.kind = ReadKind(json, where);
  const std::string key = json.begin().key();
  const std::string path = where + "." + key;
  ObjectReader reader(json, where);
  switch (constraint.kind) {
    case ConstraintKind::kShared:
      constraint.parameter = reader.OneOf<Parameter>(key, kStageParameterWords);
      break;
    case ConstraintKind::kTotalDepth:
      ReadTotalDepth(reader.Require(key), path, constraint);
      break;
    case ConstraintKind::kParamsAtMost:
    case ConstraintKind::kActsAtMost:
      ReadBound(reader.Require(key), path, constraint);
      break;
    default:
      constraint.parameter = reader.OneOf<Parameter>(key, kOrderedWords);
  }
  return constraint;
}

Json ConstraintToJson(const Constraint& constraint) {
  const char* key = TextOf(constraint.kind, kConstraintKindWords);
  switch (constraint.kind) {
    case ConstraintKind::kTotalDepth:
      return {{key, Json::array({constraint.low, constraint.high})}};
    case ConstraintKind::kParamsAtMost:
    case ConstraintKind::kActsAtMost: {
      Json bound = Json::object();
      if (constraint.m > 0) bound["m"] = Number(constraint.m);
      if (constraint.m_per_gf > 0) bound["m_per_gf"] = Number(constraint.m_per_gf);
      if (constraint.m_per_sqrt_gf > 0) bound["m_per_sqrt_gf"] = Number(constraint.m_per_sqrt_gf);
      return {{key, bound}};
    }
    default:
      return {{key, TextOf(constraint.parameter, kParameterWords)}};
  }
}

bool KeepsOrder(const Constraint& constraint, const Stage& before, const Stage& after) {
  const int first = ValueOf(constraint.parameter, before);
  const int second = ValueOf(constraint.parameter, after);
  switch (constraint.kind) {
    case ConstraintKind::kEqual:
      return first == second;
    case ConstraintKind::kNonDecreasing:
      return first <= second;
    case ConstraintKind::kNonIncreasing:
      return first >= second;
    default:
      return true;
  }
}

bool KeepsDepth(const Constraint& constraint, int64_t total_depth) {
  return constraint.kind != ConstraintKind::kTotalDepth ||
         (constraint.low <= total_depth && total_depth <= constraint.high);
}

bool KeepsBound(const Constraint& constraint, const Complexity& complexity) {
  const bool params = constraint.kind == ConstraintKind::kParamsAtMost;
  if (!params && constraint.kind != ConstraintKind::kActsAtMost) return true;
  const double gf = static_cast<double>(complexity.flops) / 1e9;
  const double bound =
      1e6 * (constraint.m + constraint.m_per_gf * gf + constraint.m_per_sqrt_gf * std::sqrt(gf));
  return static_cast<double>(params ? complexity.params : complexity.acts) <= bound;
}

}  // namespace dse
