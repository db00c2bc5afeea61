#pragma once

#include <cstdint>

#include "core/rng.h"
#include "runner/torch/network.h"
#include "runner/training/network_plan.h"
#include "runner/training/recipe.h"

namespace dse {

// Random factors of training, functions of (seed, number of the image) alone: the same on every
// device, and however a batch is divided.
class NoiseSource {
 public:
  NoiseSource(const Recipe& recipe, const NetworkPlan& plan, uint64_t seed, at::Device device);

  // For `count` images, the first of them the `image`-th that this training sees. Residual block l
  // of L (from 1) is dropped with probability drop_path * l / L.
  Noise Draw(int64_t image, int64_t count) const;

 private:
  double drop_path_;
  double dropout_;
  int64_t blocks_;
  int64_t features_;
  uint64_t drop_path_key_;
  uint64_t dropout_key_;
  at::Device device_;
};

// The share of the first image in a mixture, Beta(alpha, alpha) (Zhang et al., "mixup: beyond
// empirical risk minimization", 2018).
double DrawMixture(double alpha, RandomStream& random);

}  // namespace dse
