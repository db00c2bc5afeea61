#pragma once

#include <cstdint>
#include <vector>

#include "runner/training/network_plan.h"
#include "runner/training/recipe.h"

namespace dse {

// Random factors of training, functions of (seed, number of the image) alone: the same on every
// engine and device, and however a batch is divided.
class NoiseSource {
 public:
  NoiseSource(const Recipe& recipe, const NetworkPlan& plan, uint64_t seed);

  // For `count` images, the first of them the `image`-th that this training sees; empty where the
  // recipe has no such noise. Into `factors`, which needs no new memory where it was as long
  // before.

  // [residual blocks, count]: 0 drops an image's residual branch, 1 / (1 - rate) keeps it
  // (DropPath; Huang et al., "Deep networks with stochastic depth"). Block l of L (from 1) is
  // dropped with probability drop_path * l / L.
  void DrawDropPath(int64_t image, int64_t count, std::vector<float>& factors) const;
  std::vector<float> DrawDropPath(int64_t image, int64_t count) const;
  // [count, features]: 0 or 1 / (1 - rate), on the input of the last layer.
  void DrawDropout(int64_t image, int64_t count, std::vector<float>& factors) const;
  std::vector<float> DrawDropout(int64_t image, int64_t count) const;

  // The share of the first image in the mixtures of a batch that begins with this image,
  // Beta(mixup, mixup) (Zhang et al., "mixup: beyond empirical risk minimization", 2018). The
  // recipe must mix.
  double DrawMixture(int64_t image) const;

  int64_t blocks() const { return blocks_; }      // residual ones
  int64_t features() const { return features_; }  // inputs of the last layer

 private:
  double drop_path_;
  double dropout_;
  double mixup_;
  int64_t blocks_;
  int64_t features_;
  uint64_t drop_path_key_;
  uint64_t dropout_key_;
  uint64_t mixup_key_;
};

}  // namespace dse
