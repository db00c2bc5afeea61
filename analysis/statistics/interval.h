#pragma once

namespace dse {

// An estimate with its confidence limits.
struct Interval {
  double point = 0;
  double low = 0;
  double high = 0;
  double level = 0.95;
  friend bool operator==(const Interval&, const Interval&) = default;
};

}  // namespace dse
