#include "runner/native/kernels/rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "runner/native/kernels/targets.h"
#include "tests/runner/native/kernels/guarded_buffer.h"

namespace dse::rows_test {
namespace {

constexpr double kTolerance = 2e-6;

GuardedBuffer Random(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  GuardedBuffer buffer(count);
  for (float& f : buffer) f = float(random() % 4001) / 1000.0f - 2.0f;
  return buffer;
}

// Rows and the vectors of a pass, of every kind.
struct Case {
  explicit Case(RowsShape rows)
      : shape(rows),
        x(Random(rows.pixels * rows.channels, 1)),
        dy(Random(rows.pixels * rows.channels, 2)),
        shortcut(Random(rows.pixels * rows.channels, 3)),
        scale(Random(rows.channels, 4)),
        bias(Random(rows.channels, 5)),
        shortcut_scale(Random(rows.channels, 6)),
        shortcut_bias(Random(rows.channels, 7)),
        shift(Random(rows.channels, 8)) {}

  AffineRows In(RowActivation activation, int with) const {
    AffineRows in{x.data(), scale.data(), bias.data()};
    if (with > 0) in.shortcut = shortcut.data();
    if (with > 1) in.shortcut_scale = shortcut_scale.data();
    if (with > 1) in.shortcut_bias = shortcut_bias.data();
    in.activation = activation;
    return in;
  }
  double Z(size_t i, int with) const {
    const size_t c = i % shape.channels;
    const double z = double(scale[c]) * x[i] + bias[c];
    if (with == 0) return z;
    if (with == 1) return z + shortcut[i];
    return z + double(shortcut_scale[c]) * shortcut[i] + shortcut_bias[c];
  }

  RowsShape shape;
  GuardedBuffer x, dy, shortcut, scale, bias, shortcut_scale, shortcut_bias, shift;
};

double Value(RowActivation activation, double z) {
  if (activation == RowActivation::kRelu) return std::max(z, 0.0);
  if (activation == RowActivation::kSwish) return z / (1 + std::exp(-z));
  return z;
}

double Slope(RowActivation activation, double z) {
  if (activation == RowActivation::kRelu) return z > 0 ? 1 : 0;
  const double s = 1 / (1 + std::exp(-z));
  if (activation == RowActivation::kSwish) return s + z * s * (1 - s);
  return 1;
}

template <class Got, class Want>
double Error(const Got& got, const Want& want) {
  double largest = 1e-30, worst = 0;
  for (size_t i = 0; i < want.size(); i++) {
    if (!std::isfinite(got[i])) return INFINITY;
    largest = std::max(largest, std::abs(double(want[i])));
    worst = std::max(worst, std::abs(double(got[i]) - want[i]));
  }
  return worst / largest;
}

const std::vector<RowsShape> kShapes = {{1, 1},    {49, 8},   {1024, 16}, {33, 24}, {100, 40},
                                        {7, 56},   {50, 64},  {49, 104},  {9, 368}, {5, 3},
                                        {11, 100}, {6, 1000}, {3, 1030},  {0, 16}};
const RowActivation kActivations[] = {RowActivation::kIdentity, RowActivation::kRelu,
                                      RowActivation::kSwish};

template <class Check>
void OnAllTargets(Check check) {
  for (const std::string& target : KernelTargets()) {
    ScopedKernelTarget scoped(target);
    for (const RowsShape& shape : kShapes) {
      INFO(target << ": " << shape.pixels << " x " << shape.channels);
      check(Case(shape));
    }
  }
}

TEST_CASE("sums of rows and of their squares grow by what a pass finds") {
  OnAllTargets([](const Case& c) {
    std::vector<double> sum(c.shape.channels, 3), squares(c.shape.channels, 4);
    std::vector<double> want_sum = sum, want_squares = squares;
    for (size_t i = 0; i < c.x.size(); i++) {
      const double d = double(c.x[i]) - c.shift[i % c.shape.channels];
      want_sum[i % c.shape.channels] += d;
      want_squares[i % c.shape.channels] += d * d;
    }
    AddSums(c.x.data(), c.shape, c.shift.data(), sum.data(), squares.data());
    CHECK(Error(sum, want_sum) <= kTolerance);
    CHECK(Error(squares, want_squares) <= kTolerance);
  });
}

TEST_CASE("rows are scaled, added to a shortcut and activated") {
  OnAllTargets([](const Case& c) {
    for (const RowActivation activation : kActivations) {
      for (const int with : {0, 1, 2}) {
        GuardedBuffer y(c.x.size(), 9);
        std::vector<double> want(c.x.size());
        for (size_t i = 0; i < want.size(); i++) want[i] = Value(activation, c.Z(i, with));
        Activate(c.In(activation, with), c.shape, y.data());
        CHECK(Error(y, want) <= kTolerance);
        CHECK(y.GuardsUntouched());
      }
    }
  });
}

// The same bytes where ReLU's values are known.
void CheckKnownRelu(const Case& c, int with, const float* more, const GuardedBuffer& want,
                    const std::vector<double>& want_sum, const std::vector<double>& want_products) {
  AffineRows in = c.In(RowActivation::kRelu, with);
  GuardedBuffer value(c.x.size()), g(c.x.size(), 9);
  Activate(in, c.shape, value.data());
  in.relu = value.data();
  std::vector<double> sum(c.shape.channels), products(c.shape.channels);
  ActivateBackward(in, c.shape, {c.dy.data(), more}, c.shift.data(), {g.data()}, sum.data(),
                   products.data());
  CHECK(std::equal(g.begin(), g.end(), want.begin()));
  CHECK(sum == want_sum);
  CHECK(products == want_products);
}

// Gradients that come from one place and from two.
void CheckBackward(const Case& c, RowActivation activation, int with, const float* more) {
  std::vector<double> want(c.x.size()), sum(c.shape.channels), products(c.shape.channels);
  for (size_t i = 0; i < want.size(); i++) {
    want[i] = (double(c.dy[i]) + (more ? more[i] : 0)) * Slope(activation, c.Z(i, with));
    sum[i % c.shape.channels] += want[i];
    products[i % c.shape.channels] += want[i] * (c.x[i] - c.shift[i % c.shape.channels]);
  }
  GuardedBuffer g(c.x.size(), 9);
  std::vector<double> got_sum(c.shape.channels), got_products(c.shape.channels);
  const AffineRows in = c.In(activation, with);
  ActivateBackward(in, c.shape, {c.dy.data(), more}, c.shift.data(), {g.data()}, got_sum.data(),
                   got_products.data());
  CHECK(Error(g, want) <= kTolerance);
  CHECK(g.GuardsUntouched());
  CHECK(Error(got_sum, sum) <= kTolerance);
  CHECK(Error(got_products, products) <= kTolerance);
  // The same bytes past the caches.
  GuardedBuffer streamed(c.x.size(), 9);
  std::vector<double> sum_streamed(c.shape.channels), products_streamed(c.shape.channels);
  ActivateBackward(in, c.shape, {c.dy.data(), more}, c.shift.data(), {streamed.data(), true},
                   sum_streamed.data(), products_streamed.data());
  CHECK(std::equal(g.begin(), g.end(), streamed.begin()));
  CHECK(streamed.GuardsUntouched());
  CHECK(sum_streamed == got_sum);
  CHECK(products_streamed == got_products);
  if (activation == RowActivation::kRelu) CheckKnownRelu(c, with, more, g, got_sum, got_products);
  // The same without writing the gradient.
  std::vector<double> sum_alone(c.shape.channels), products_alone(c.shape.channels);
  ActivateBackward(in, c.shape, {c.dy.data(), more}, c.shift.data(), {}, sum_alone.data(),
                   products_alone.data());
  CHECK(sum_alone == got_sum);
  CHECK(products_alone == got_products);
}

TEST_CASE("the gradient goes back through the activation, and its sums are taken") {
  OnAllTargets([](const Case& c) {
    const GuardedBuffer more = Random(c.x.size(), 10);
    for (const RowActivation activation : kActivations) {
      for (const int with : {0, 1, 2}) {
        CheckBackward(c, activation, with, nullptr);
        CheckBackward(c, activation, with, more.data());
      }
    }
  });
}

TEST_CASE("values are added to others") {
  OnAllTargets([](const Case& c) {
    GuardedBuffer to(c.x.size(), 9);
    std::copy(c.dy.begin(), c.dy.end(), to.begin());
    AddTo(c.x.data(), c.x.size(), to.data());
    for (size_t i = 0; i < to.size(); i++) REQUIRE(to[i] == c.dy[i] + c.x[i]);
    CHECK(to.GuardsUntouched());
  });
}

TEST_CASE("two rows are combined, also in place") {
  OnAllTargets([](const Case& c) {
    std::vector<double> want(c.x.size());
    for (size_t i = 0; i < want.size(); i++) {
      const size_t k = i % c.shape.channels;
      want[i] = double(c.scale[k]) * c.dy[i] + double(c.bias[k]) * c.x[i] + c.shift[k];
    }
    GuardedBuffer dx(c.x.size(), 9);
    std::copy(c.dy.begin(), c.dy.end(), dx.begin());
    Combine(dx.data(), c.x.data(), c.shape, c.scale.data(), c.bias.data(), c.shift.data(),
            dx.data());
    CHECK(Error(dx, want) <= kTolerance);
    CHECK(dx.GuardsUntouched());
  });
}

double Ulps(float got, double want) {
  const float near = float(std::abs(want));
  return std::abs(got - want) / (std::nextafter(near, INFINITY) - near);
}

TEST_CASE("the exponential is within 2 units in the last place, the sigmoid within 3") {
  constexpr int kCount = 160001;
  GuardedBuffer x(kCount), y(kCount), s(kCount);
  for (int i = 0; i < kCount; i++) x[i] = -80 + float(i) / 1000.0f;
  for (const std::string& target : KernelTargets()) {
    INFO(target);
    ScopedKernelTarget scoped(target);
    Exp(x.data(), x.size(), y.data());
    Sigmoid(x.data(), x.size(), s.data());
    double exp_worst = 0, sigmoid_worst = 0;
    for (int i = 0; i < kCount; i++) {
      exp_worst = std::max(exp_worst, Ulps(y[i], std::exp(double(x[i]))));
      sigmoid_worst = std::max(sigmoid_worst, Ulps(s[i], 1 / (1 + std::exp(-double(x[i])))));
    }
    CHECK(exp_worst <= 2);
    CHECK(sigmoid_worst <= 3);
  }
}

TEST_CASE("what is not a number stays so, and what is too large stays finite in the exponential") {
  for (const std::string& target : KernelTargets()) {
    INFO(target);
    ScopedKernelTarget scoped(target);
    GuardedBuffer x(3), y(3), scale(1, 1), bias(1, 0);
    x[0] = NAN, x[1] = 1000, x[2] = -1000;
    Exp(x.data(), 3, y.data());
    CHECK(std::isnan(y[0]));
    CHECK(y[1] == Approx(std::exp(88.0)));
    CHECK(y[2] == Approx(std::exp(-87.0)));
    for (const RowActivation activation : kActivations) {
      AffineRows in{x.data(), scale.data(), bias.data()};
      in.activation = activation;
      Activate(in, {3, 1}, y.data());
      CHECK(std::isnan(y[0]));
      CHECK(y[1] == 1000);
    }
  }
}

}  // namespace
}  // namespace dse::rows_test
