#include "analysis/statistics/pareto.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/error.h"
#include "core/rng.h"

namespace dse::pareto_test {
namespace {

using Sample = std::vector<double>;
using Places = std::vector<size_t>;

TEST_CASE("the front holds what no other model beats", "[pareto]") {
  // (1, 40) (2, 30) (2, 35) (3, 30) (4, 20) (5, 25): (2, 35) and (3, 30) lose to (2, 30), (5, 25)
  // to (4, 20)
  CHECK(ParetoFront(Sample{4, 2, 5, 1, 3, 2}, Sample{20, 35, 25, 40, 30, 30}) == Places{3, 5, 0});
}

TEST_CASE("models equal in cost and error stand on the front together", "[pareto]") {
  CHECK(ParetoFront(Sample{2, 1, 2, 1}, Sample{3, 5, 3, 5}) == Places{1, 3, 0, 2});
  CHECK(ParetoFront(Sample{7, 7}, Sample{2, 1}) == Places{1});
}

TEST_CASE("the front is that of the definition", "[pareto]") {
  RandomStream random(StreamKey(4, "pareto"), 0);
  for (int round = 0; round < 50; ++round) {
    Sample cost(1 + random.Below(30));
    Sample error(cost.size());
    for (double& c : cost) c = static_cast<double>(random.Below(10));
    for (double& e : error) e = static_cast<double>(random.Below(10));
    const Places front = ParetoFront(cost, error);
    for (size_t i = 0; i < cost.size(); ++i) {
      bool beaten = false;
      for (size_t j = 0; j < cost.size(); ++j) {
        beaten |= cost[j] <= cost[i] && error[j] <= error[i] &&
                  (cost[j] < cost[i] || error[j] < error[i]);
      }
      const bool on_front = std::find(front.begin(), front.end(), i) != front.end();
      CHECK(on_front == !beaten);
    }
    for (size_t i = 1; i < front.size(); ++i) CHECK(cost[front[i - 1]] <= cost[front[i]]);
  }
}

TEST_CASE("no models have an empty front and broken numbers none", "[pareto]") {
  CHECK(ParetoFront({}, {}).empty());
  CHECK(ParetoFront(Sample{1}, Sample{9}) == Places{0});
  CHECK_THROWS_AS(ParetoFront(Sample{1}, Sample{1, 2}), Error);
  CHECK_THROWS_AS(ParetoFront(Sample{1}, Sample{std::numeric_limits<double>::infinity()}), Error);
}

}  // namespace
}  // namespace dse::pareto_test
