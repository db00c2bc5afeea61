#include "analysis/statistics/pareto.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace dse {

std::vector<size_t> ParetoFront(std::span<const double> cost, std::span<const double> error) {
  if (cost.size() != error.size()) throw Error("a Pareto front needs one cost for each error");
  for (std::span<const double> numbers : {cost, error}) {
    for (double number : numbers) {
      if (!std::isfinite(number)) throw Error("a Pareto front needs finite costs and errors");
    }
  }
  std::vector<size_t> order(cost.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [cost, error](size_t a, size_t b) {
    if (cost[a] != cost[b]) return cost[a] < cost[b];
    return error[a] != error[b] ? error[a] < error[b] : a < b;
  });
  std::vector<size_t> front;
  for (size_t place : order) {
    const bool beaten = !front.empty() && error[place] >= error[front.back()] &&
                        !(error[place] == error[front.back()] && cost[place] == cost[front.back()]);
    if (!beaten) front.push_back(place);
  }
  return front;
}

}  // namespace dse
