#include "runner/training/parameter_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace dse::parameter_plan_test {
namespace {

constexpr int64_t kCount = 40000;

std::vector<float> Draw(const Initialization& initialization, int number, uint64_t seed) {
  const ParameterPlan parameter{"w", ParameterKind::kWeight, {kCount / 8, 8}, initialization};
  std::vector<float> values(static_cast<size_t>(parameter.elements()));
  DrawParameter(parameter, number, seed, values);
  return values;
}

// The mean of values^power.
double Moment(const std::vector<float>& values, int power) {
  double sum = 0;
  for (const float value : values) sum += std::pow(value, power);
  return sum / static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("A parameter has as many elements as its shape") {
  const auto elements = [](std::vector<int64_t> shape) {
    return ParameterPlan{"w", ParameterKind::kWeight, std::move(shape), {}}.elements();
  };
  CHECK(elements({24, 12, 3, 3}) == 2592);
  CHECK(elements({7}) == 7);
  CHECK(elements({65536, 65536}) == int64_t{1} << 32);
}

// Bounds of five standard errors over 40,000 draws.
TEST_CASE("Normal values have the deviation asked for around zero") {
  const double scale = 0.125;
  const std::vector<float> values = Draw({Initialization::Law::kNormal, scale}, 3, 7);
  const double n = kCount;
  CHECK(std::abs(Moment(values, 1)) < 5 * scale / std::sqrt(n));
  CHECK(std::abs(Moment(values, 2) / (scale * scale) - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::abs(Moment(values, 4) / std::pow(scale, 4) - 3) < 5 * std::sqrt(96 / n));
}

TEST_CASE("Uniform values fill both sides of zero up to the bound") {
  const double bound = 0.25;
  const std::vector<float> values = Draw({Initialization::Law::kUniform, bound}, 3, 7);
  const double n = kCount;
  CHECK(std::abs(Moment(values, 1)) < 5 * bound / std::sqrt(3 * n));
  CHECK(std::abs(3 * Moment(values, 2) / (bound * bound) - 1) < 5 * std::sqrt(0.8 / n));
  CHECK(*std::ranges::min_element(values) >= -bound);
  CHECK(*std::ranges::max_element(values) <= bound);
  CHECK(*std::ranges::max_element(values) > 0.999 * bound);
}

TEST_CASE("Constants are constant") {
  const std::vector<float> values = Draw({Initialization::Law::kConstant, 1}, 3, 7);
  CHECK(std::ranges::all_of(values, [](float value) { return value == 1; }));
}

TEST_CASE("Values depend on the seed and the parameter's number and on nothing else") {
  const Initialization normal{Initialization::Law::kNormal, 1};
  CHECK(Draw(normal, 3, 7) == Draw(normal, 3, 7));
  CHECK(Draw(normal, 3, 7) != Draw(normal, 4, 7));
  CHECK(Draw(normal, 3, 7) != Draw(normal, 3, 8));
}

}  // namespace dse::parameter_plan_test
