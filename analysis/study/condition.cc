#include "analysis/study/condition.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "core/error.h"

namespace dse {
namespace {

struct Sign {
  std::string_view text;
  Relation relation;
};
// The longer ones first.
constexpr Sign kSigns[] = {{"<=", Relation::kAtMost}, {">=", Relation::kAtLeast},
                           {"==", Relation::kEqual},  {"!=", Relation::kNotEqual},
                           {"<", Relation::kLess},    {">", Relation::kMore},
                           {"=", Relation::kEqual}};

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

double ScaleOf(char suffix) {
  switch (suffix) {
    case 'k':
    case 'K':
      return 1e3;
    case 'm':
    case 'M':
      return 1e6;
    case 'g':
    case 'G':
      return 1e9;
    case 't':
    case 'T':
      return 1e12;
    default:
      return 0;
  }
}

std::optional<double> ReadNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  double scale = ScaleOf(text.back());
  if (scale != 0) {
    text.remove_suffix(1);
  } else {
    scale = 1;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value * scale)) {
    return std::nullopt;
  }
  return value * scale;
}

Condition ParseOne(std::string_view text) {
  const std::string quoted = "condition '" + std::string(text) + "'";
  const size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) {
    throw Error(quoted + " needs one of < <= = != >= > between a property and a number");
  }
  for (const Sign& sign : kSigns) {
    if (!text.substr(at).starts_with(sign.text)) continue;
    const std::string_view name = Trim(text.substr(0, at));
    const std::string_view number = Trim(text.substr(at + sign.text.size()));
    if (name.empty()) throw Error(quoted + " names no property before " + std::string(sign.text));
    const std::optional<double> value = ReadNumber(number);
    if (!value) {
      throw Error(quoted + ": '" + std::string(number) + "' is no number such as 12, 0.5 or 400M");
    }
    return {std::string(name), sign.relation, *value, std::string(text)};
  }
  throw Error(quoted + ": '!' is no relation; != is");
}

bool NearlyEqual(double a, double b) {
  return a == b || std::fabs(a - b) <= 1e-9 * std::fmax(std::fabs(a), std::fabs(b));
}

}  // namespace

std::vector<Condition> ParseConditions(std::string_view text) {
  std::vector<Condition> conditions;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view one = Trim(text.substr(begin, comma - begin));
    if (one.empty()) {
      throw Error("condition '" + std::string(text) + "' has nothing at position " +
                  std::to_string(begin + 1));
    }
    conditions.push_back(ParseOne(one));
    begin = comma + 1;
  }
  return conditions;
}

bool Holds(const Condition& condition, double value) {
  const bool equal = NearlyEqual(value, condition.value);
  switch (condition.relation) {
    case Relation::kLess:
      return !equal && value < condition.value;
    case Relation::kAtMost:
      return equal || value < condition.value;
    case Relation::kEqual:
      return equal;
    case Relation::kNotEqual:
      return !equal;
    case Relation::kAtLeast:
      return equal || value > condition.value;
    case Relation::kMore:
      return !equal && value > condition.value;
  }
  return false;
}

}  // namespace dse
