#pragma once

#include <vector>

namespace dse {

// Median (of an even number the mean of the middle two), lowest and highest.
struct Spread {
  double median = 0;
  double lowest = 0;
  double highest = 0;
};
// `values` is not empty.
Spread MeasureSpread(std::vector<double> values);

}  // namespace dse
