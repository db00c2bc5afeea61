#include "runner/work/spread.h"

#include <algorithm>
#include <cstddef>

namespace dse {

Spread MeasureSpread(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace dse
