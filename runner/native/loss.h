#pragma once

#include <cstdint>
#include <span>

namespace dse::native {

// What an image's answer should be: `share` of one label, the rest of another one, both smoothed:
// 1 - smoothing on the label and smoothing / classes on each class.
struct Target {
  int64_t label = 0;
  int64_t other = 0;
  double share = 1;
  double smoothing = 0;
  int64_t heavier() const { return share < 0.5 ? other : label; }
};

// Cross entropy of the softmax of logits against the target, in double.
double CrossEntropy(std::span<const float> logits, const Target& target);
// Turns logits into the gradient of weight * cross entropy by them, and answers the cross entropy.
double DifferentiateCrossEntropy(std::span<float> logits, const Target& target, double weight);
// The place of the largest, the first of equals; what is no number is the largest.
int64_t Largest(std::span<const float> logits);

}  // namespace dse::native
