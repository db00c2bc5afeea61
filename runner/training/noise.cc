#include "runner/training/noise.h"

#include <cmath>

#include "core/rng.h"

namespace dse {
namespace {

// 0 with probability `rate`, else what keeps the mean.
float Keep(double rate, RandomStream& random) {
  return random.Uniform() < rate ? 0.0f : static_cast<float>(1 / (1 - rate));
}

// Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables" (2000).
// Small shapes give values down to 0, so the logarithm is drawn.
double DrawLogGamma(double shape, RandomStream& random) {
  if (shape < 1) return DrawLogGamma(shape + 1, random) + std::log(random.Uniform()) / shape;
  const double d = shape - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.Normal();
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(random.Uniform()) < x * x / 2 + d - d * v + d * std::log(v)) {
      return std::log(d * v);
    }
  }
}

}  // namespace

NoiseSource::NoiseSource(const Recipe& recipe, const NetworkPlan& plan, uint64_t seed)
    : drop_path_(recipe.drop_path),
      dropout_(recipe.dropout),
      mixup_(recipe.mixup),
      blocks_(plan.residual_blocks()),
      features_(plan.features()),
      drop_path_key_(StreamKey(seed, "drop path")),
      dropout_key_(StreamKey(seed, "dropout")),
      mixup_key_(StreamKey(seed, "mixup")) {}

void NoiseSource::DrawDropPath(int64_t image, int64_t count, std::vector<float>& factors) const {
  factors.resize(drop_path_ == 0 ? 0 : static_cast<size_t>(blocks_ * count));
  if (factors.empty()) return;
  for (int64_t i = 0; i < count; ++i) {
    RandomStream random(drop_path_key_, static_cast<uint64_t>(image + i));
    for (int64_t block = 0; block < blocks_; ++block) {
      const double share = static_cast<double>(block + 1) / static_cast<double>(blocks_);
      factors[static_cast<size_t>(block * count + i)] = Keep(drop_path_ * share, random);
    }
  }
}

std::vector<float> NoiseSource::DrawDropPath(int64_t image, int64_t count) const {
  std::vector<float> factors;
  DrawDropPath(image, count, factors);
  return factors;
}

void NoiseSource::DrawDropout(int64_t image, int64_t count, std::vector<float>& factors) const {
  factors.clear();
  if (dropout_ == 0) return;
  factors.reserve(static_cast<size_t>(count * features_));
  for (int64_t i = 0; i < count; ++i) {
    RandomStream random(dropout_key_, static_cast<uint64_t>(image + i));
    for (int64_t f = 0; f < features_; ++f) factors.push_back(Keep(dropout_, random));
  }
}

std::vector<float> NoiseSource::DrawDropout(int64_t image, int64_t count) const {
  std::vector<float> factors;
  DrawDropout(image, count, factors);
  return factors;
}

double NoiseSource::DrawMixture(int64_t image) const {
  RandomStream random(mixup_key_, static_cast<uint64_t>(image));
  const double first = DrawLogGamma(mixup_, random);
  const double second = DrawLogGamma(mixup_, random);
  return 1 / (1 + std::exp(second - first));
}

}  // namespace dse
