#include "sampler/distribution.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/units.h"

namespace dse {
namespace {

constexpr std::array<Word<DistributionKind>, 4> kDistributionWords{{
    {"uniform", DistributionKind::kUniform},
    {"log_uniform", DistributionKind::kLogUniform},
    {"power_of_two", DistributionKind::kPowerOfTwo},
    {"choice", DistributionKind::kChoice},
}};
constexpr std::span<const Word<DistributionKind>> kDistributionKindWords{kDistributionWords};

// A double's shortest decimal: digits * 10^exponent.
struct Decimal {
  int64_t digits = 0;
  int exponent = 0;
};

Decimal ShortestDecimal(double value) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  Decimal decimal;
  const char* at = text.data();
  bool fraction = false;
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    decimal.digits = decimal.digits * 10 + (*at - '0');
    if (fraction) --decimal.exponent;
  }
  const bool negative = at[1] == '-';
  int power = 0;
  std::from_chars(at + 2, end, power);
  decimal.exponent += negative ? -power : power;
  return decimal;
}

// The double nearest to the decimal number k * step. Both operands of the division are exact, so
// IEEE division rounds once.
double Multiple(const Decimal& step, double k) {
  const double digits = k * static_cast<double>(step.digits);
  const double power = std::pow(10.0, std::abs(step.exponent));
  return step.exponent < 0 ? digits / power : digits * power;
}

bool IsPowerOfTwo(double value) {
  int exponent = 0;
  return value > 0 && std::frexp(value, &exponent) == 0.5;
}

bool IsWhole(double value) { return value == std::floor(value); }

// The exact step count of a bound, which is a multiple of the step once parsed.
double StepsIn(double bound, double step) { return std::nearbyint(bound / step); }

size_t ValueCount(const Distribution& d) {
  switch (d.kind) {
    case DistributionKind::kFixed:
      return 1;
    case DistributionKind::kChoice:
      return d.values.size();
    case DistributionKind::kPowerOfTwo:
      return static_cast<size_t>(std::ilogb(d.high) - std::ilogb(d.low) + 1);
    default:
      return static_cast<size_t>(StepsIn(d.high, d.step) - StepsIn(d.low, d.step) + 1);
  }
}

void ReadBounds(ObjectReader& reader, const ParameterRange& range, Distribution& d) {
  d.low = reader.Real("low", range.low, range.high);
  d.high = reader.Real("high", range.low, range.high);
  if (d.low > d.high) reader.Fail("low", "must not be above 'high'");
}

void ReadStep(ObjectReader& reader, const ParameterRange& range, Distribution& d) {
  const bool needed = range.grain != Grain::kReal;
  if (!reader.Find("step")) {
    if (needed) reader.Fail("step", "is missing: this parameter takes separate values");
    return;
  }
  d.step = reader.Real("step", 1e-9, 1e9);
  if ((d.high - d.low) / d.step > static_cast<double>(kMaxValues - 1)) {
    reader.Fail("step",
                "gives more than " + std::to_string(kMaxValues) + " values; make it larger");
  }
  const Decimal step = ShortestDecimal(d.step);
  for (const char* key : {"low", "high"}) {
    const double bound = key[0] == 'l' ? d.low : d.high;
    const double nearest = Multiple(step, StepsIn(bound, d.step));
    if (nearest != bound) {
      reader.Fail(key, "must be a multiple of the step " + FormatDouble(d.step) + ", such as " +
                           FormatDouble(nearest));
    }
  }
}

void ReadChoice(ObjectReader& reader, const ParameterRange& range, Distribution& d) {
  const Json& list = reader.Require("values");
  if (!list.is_array() || list.empty() || list.size() > kMaxValues) {
    reader.Fail("values", "must be a list of 1 to " + std::to_string(kMaxValues) + " numbers");
  }
  for (const Json& item : list) {
    const double value = item.is_number() ? item.get<double>() : std::nan("");
    if (!(value >= range.low && value <= range.high)) {
      reader.Fail("values", "must hold numbers from " + FormatDouble(range.low) + " to " +
                                FormatDouble(range.high) + ", not " + item.dump());
    }
    d.values.push_back(value);
  }
  std::vector<double> sorted = d.values;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) reader.Fail("values", "lists " + FormatDouble(*twice) + " twice");
}

Distribution ReadObject(const Json& json, const std::string& where, const ParameterRange& range) {
  ObjectReader reader(json, where);
  Distribution d;
  d.kind = reader.OneOf<DistributionKind>("distribution", kDistributionKindWords);
  if (d.kind == DistributionKind::kChoice) {
    ReadChoice(reader, range, d);
  } else {
    ReadBounds(reader, range, d);
  }
  if (d.kind == DistributionKind::kUniform || d.kind == DistributionKind::kLogUniform) {
    ReadStep(reader, range, d);
  }
  if (d.kind == DistributionKind::kLogUniform && d.low <= 0) {
    reader.Fail("low", "must be above 0 for a log_uniform distribution");
  }
  if (d.kind == DistributionKind::kPowerOfTwo) {
    if (!IsPowerOfTwo(d.low)) reader.Fail("low", "must be a power of two");
    if (!IsPowerOfTwo(d.high)) reader.Fail("high", "must be a power of two");
  }
  reader.Finish();
  return d;
}

Distribution ReadFixed(const Json& json, const std::string& where, const ParameterRange& range) {
  const double value = json.get<double>();
  if (!(value >= range.low && value <= range.high)) {
    throw Error(where + " must be a number from " + FormatDouble(range.low) + " to " +
                FormatDouble(range.high) + ", not " + json.dump());
  }
  Distribution d;
  d.low = d.high = value;
  return d;
}

const char* GrainName(Grain grain) {
  switch (grain) {
    case Grain::kOdd:
      return "an odd whole number";
    case Grain::kRatio:
      return "a whole number or one over a whole number";
    default:
      return "a whole number";
  }
}

bool HasGrain(double value, Grain grain) {
  if (grain == Grain::kReal) return true;
  if (grain == Grain::kOdd) return IsWhole((value - 1) / 2);
  return IsWhole(value) || (grain == Grain::kRatio && value < 1 && IsWhole(1 / value));
}

void CheckGrain(const Distribution& d, const std::string& where, Grain grain) {
  if (grain == Grain::kReal) return;
  for (const double value : Support(d)) {
    if (HasGrain(value, grain)) continue;
    throw Error(where + " would give " + FormatDouble(value) + ", but must be " + GrainName(grain));
  }
}

}  // namespace

bool Distribution::continuous() const {
  return (kind == DistributionKind::kUniform || kind == DistributionKind::kLogUniform) && step == 0;
}

Distribution ParseDistribution(const Json& json, const std::string& where, Parameter parameter) {
  const ParameterRange& range = RangeOf(parameter);
  const Distribution d =
      json.is_number() ? ReadFixed(json, where, range) : ReadObject(json, where, range);
  CheckGrain(d, where, range.grain);
  return d;
}

Json DistributionToJson(const Distribution& d) {
  if (d.kind == DistributionKind::kFixed) return Number(d.low);
  Json json{{"distribution", TextOf(d.kind, kDistributionKindWords)}};
  if (d.kind == DistributionKind::kChoice) {
    Json values = Json::array();
    for (const double value : d.values) values.push_back(Number(value));
    json["values"] = values;
    return json;
  }
  json["low"] = Number(d.low);
  json["high"] = Number(d.high);
  if (d.step > 0) json["step"] = Number(d.step);
  return json;
}

std::vector<double> Support(const Distribution& d) {
  if (d.kind == DistributionKind::kFixed) return {d.low};
  if (d.kind == DistributionKind::kChoice) return d.values;
  std::vector<double> values(ValueCount(d));
  if (d.kind == DistributionKind::kPowerOfTwo) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::ldexp(d.low, static_cast<int>(i));
    return values;
  }
  const Decimal step = ShortestDecimal(d.step);
  const double first = StepsIn(d.low, d.step);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = Multiple(step, first + static_cast<double>(i));
  }
  return values;
}

size_t IndexAt(const Distribution& d, double u) {
  const auto count = static_cast<double>(ValueCount(d));
  if (d.kind != DistributionKind::kLogUniform) return static_cast<size_t>(u * count);
  const double low = std::log(d.low - std::min(d.step, d.low / 2));
  const double x = std::exp(low + u * (std::log(d.high) - low));
  const double index = std::ceil(x / d.step) - StepsIn(d.low, d.step);
  return static_cast<size_t>(std::clamp(index, 0.0, count - 1));
}

double ValueAt(const Distribution& d, double u) {
  if (d.kind == DistributionKind::kUniform) return d.low + u * (d.high - d.low);
  const double low = std::log(d.low);
  return std::exp(low + u * (std::log(d.high) - low));
}

}  // namespace dse
