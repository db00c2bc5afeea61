#include "analysis/statistics/sample_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "core/error.h"

namespace dse {
namespace {

void RequireSize(std::span<const double> values, size_t least, const char* what) {
  if (values.size() < least) {
    throw Error(std::string("the ") + what + " of " +
                (values.empty() ? "an empty sample" : "a single value") + " is not defined");
  }
}

}  // namespace

double Mean(std::span<const double> values) {
  RequireSize(values, 1, "mean");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Median(std::span<const double> values) {
  RequireSize(values, 1, "median");
  std::vector<double> copy(values.begin(), values.end());
  const auto middle = copy.begin() + static_cast<std::ptrdiff_t>(copy.size() / 2);
  std::nth_element(copy.begin(), middle, copy.end());
  if (copy.size() % 2 == 1) return *middle;
  const double below = *std::max_element(copy.begin(), middle);
  return below + (*middle - below) / 2;
}

double SampleSd(std::span<const double> values) {
  RequireSize(values, 2, "standard deviation");
  const double mean = Mean(values);
  double squares = 0;
  for (double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double Quantile(std::span<const double> values, double q) {
  RequireSize(values, 1, "quantile");
  const std::vector<double> weights(values.size(), 1.0 / static_cast<double>(values.size()));
  return WeightedQuantiles(values, weights, std::span(&q, 1)).front();
}

std::vector<double> WeightedQuantiles(std::span<const double> values,
                                      std::span<const double> weights,
                                      std::span<const double> quantiles) {
  RequireSize(values, 1, "quantile");
  if (values.size() != weights.size()) throw Error("quantiles need one weight for each value");
  struct Item {
    double value;
    double weight;
  };
  std::vector<Item> items(values.size());
  for (size_t i = 0; i < items.size(); ++i) items[i] = {values[i], weights[i]};
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return a.value != b.value ? a.value < b.value : a.weight < b.weight;
  });
  double sum = 0;
  for (Item& item : items) item.weight = sum += item.weight;

  std::vector<double> results;
  for (double q : quantiles) {
    const auto reached = std::find_if(items.begin(), items.end(), [q](const Item& item) {
      return item.weight >= q - kWeightTolerance;
    });
    results.push_back(reached == items.end() ? items.back().value : reached->value);
  }
  return results;
}

}  // namespace dse
