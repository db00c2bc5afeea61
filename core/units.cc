#include "core/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

#include "core/error.h"

namespace dse {
namespace {

struct Suffix {
  char letter;
  double factor;
};
constexpr std::array<Suffix, 4> kSuffixes{{{'T', 1e12}, {'G', 1e9}, {'M', 1e6}, {'K', 1e3}}};

// The factor of a suffix letter, 0 for another character.
double FactorOf(char letter) {
  for (const Suffix& suffix : kSuffixes) {
    if (letter == suffix.letter || letter == suffix.letter + ('a' - 'A')) return suffix.factor;
  }
  return 0;
}

std::optional<double> ParseReal(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

// A count exactly as it was written: the largest suffix that leaves at most six decimals.
std::string ExactCount(int64_t value) {
  for (const Suffix& suffix : kSuffixes) {
    if (static_cast<double>(value) < suffix.factor) continue;
    const std::string scaled = FormatDouble(static_cast<double>(value) / suffix.factor);
    if (scaled.size() <= 8 && scaled.find('e') == scaled.npos) return scaled + suffix.letter;
  }
  return std::to_string(value);
}

}  // namespace

int64_t ParseCount(std::string_view text) {
  std::string_view digits = text;
  const double factor = text.empty() ? 0 : FactorOf(text.back());
  if (factor > 0) digits.remove_suffix(1);
  const std::optional<double> value = ParseReal(digits);
  const double count = value ? std::nearbyint(*value * (factor > 0 ? factor : 1)) : -1;
  const bool whole = value && std::fabs(*value * (factor > 0 ? factor : 1) - count) < 1e-6;
  if (!whole || count < 0 || count > 9e18) {
    throw Error("'" + std::string(text) +
                "' is not a count; write a whole number, or one with K, M, G or T such as 360M");
  }
  return static_cast<int64_t>(count);
}

Band ParseBand(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == text.npos) {
    throw Error("'" + std::string(text) + "' is not a band; write LO:HI such as 360M:400M");
  }
  const Band band{ParseCount(text.substr(0, colon)), ParseCount(text.substr(colon + 1))};
  if (band.low > band.high) {
    throw Error("the band '" + std::string(text) + "' is empty: its low end is above its high end");
  }
  return band;
}

std::string FormatBand(const Band& band) {
  return ExactCount(band.low) + ":" + ExactCount(band.high);
}

std::string FormatCount(double value) {
  char text[32];
  for (auto suffix = kSuffixes.rbegin(); suffix != kSuffixes.rend(); ++suffix) {
    const double scaled = value / suffix->factor;
    if (scaled >= 999.5 && suffix->letter != 'T') continue;
    if (value < 999.5) break;
    const int decimals = scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
    std::snprintf(text, sizeof text, "%.*f%c", decimals, scaled, suffix->letter);
    return text;
  }
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

double ParseDuration(std::string_view text) {
  const Error bad("'" + std::string(text) +
                  "' is not a duration; write seconds, 90s, 15m, 2h, or H:MM:SS");
  if (text.find(':') != text.npos) {
    double total = 0;
    std::string_view rest = text;
    for (int part = 0; part < 3 && !rest.empty(); ++part) {
      const size_t colon = rest.find(':');
      const std::optional<double> value = ParseReal(rest.substr(0, colon));
      if (!value || *value < 0) throw bad;
      total = total * 60 + *value;
      rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
    }
    if (!rest.empty()) throw bad;
    return total;
  }
  double factor = 1;
  if (!text.empty() && (text.back() == 's' || text.back() == 'm' || text.back() == 'h')) {
    factor = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : 3600;
    text.remove_suffix(1);
  }
  const std::optional<double> value = ParseReal(text);
  if (!value || *value < 0) throw bad;
  return *value * factor;
}

std::string FormatDuration(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  std::string text;
  if (whole >= 3600) text += std::to_string(whole / 3600) + "h ";
  if (whole >= 60) text += std::to_string(whole / 60 % 60) + "m ";
  return text + std::to_string(whole % 60) + "s";
}

std::string FormatDouble(double value) {
  char text[32];
  const auto [end, code] = std::to_chars(text, text + sizeof text, value);
  return code == std::errc() ? std::string(text, end) : "?";
}

std::string FormatNumber(const char* format, double value) {
  std::array<char, 400> text;  // the longest double under %f has 316 characters
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

}  // namespace dse
