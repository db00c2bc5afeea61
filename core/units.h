#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dse {

// A closed range of multiply-adds, LO:HI on the command line.
struct Band {
  int64_t low = 0;
  int64_t high = 0;
  bool Contains(int64_t flops) const { return low <= flops && flops <= high; }
  friend bool operator==(const Band&, const Band&) = default;
};

// "360M" -> 360000000, "3.2G" -> 3200000000; suffixes K, M, G, T (powers of 1000, any case) or
// none. Throws Error for anything else, negative numbers and values that are not whole.
int64_t ParseCount(std::string_view text);

// "360M:400M". Throws Error unless LO <= HI.
Band ParseBand(std::string_view text);

// The band as it was meant: "360M:400M".
std::string FormatBand(const Band& band);

// Three significant digits with a suffix: 397678568 -> "398M".
std::string FormatCount(double value);

// "90s", "15m", "2h", "1:30:00" or plain seconds -> seconds. Throws Error otherwise.
double ParseDuration(std::string_view text);

// 5025 -> "1h 23m 45s".
std::string FormatDuration(double seconds);

// The shortest decimal text that reads back as the same double ("24.5", "1e-05").
std::string FormatDouble(double value);

// printf for one number: FormatNumber("%.2f", 41.237) == "41.24".
std::string FormatNumber(const char* format, double value);

}  // namespace dse
