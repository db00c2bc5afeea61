#include "runner/native/loss.h"

#include <algorithm>
#include <cmath>

namespace dse::native {
namespace {

// log of the sum of exponentials.
double LogSum(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

// What of the target is on its labels, but for the smoothing that every class has.
double OnLabel(const Target& target, int64_t place) {
  const double on_labels =
      (place == target.label ? target.share : 0) + (place == target.other ? 1 - target.share : 0);
  return (1 - target.smoothing) * on_labels;
}

double CrossEntropyAt(std::span<const float> logits, const Target& target, double log_sum) {
  const auto classes = static_cast<double>(logits.size());
  double loss = 0;
  for (size_t k = 0; k < logits.size(); ++k) {
    const double wanted = OnLabel(target, static_cast<int64_t>(k)) + target.smoothing / classes;
    if (wanted != 0) loss += wanted * (log_sum - logits[k]);
  }
  return loss;
}

}  // namespace

double CrossEntropy(std::span<const float> logits, const Target& target) {
  return CrossEntropyAt(logits, target, LogSum(logits));
}

double DifferentiateCrossEntropy(std::span<float> logits, const Target& target, double weight) {
  const double log_sum = LogSum(logits);
  const double loss = CrossEntropyAt(logits, target, log_sum);
  const double smoothed = target.smoothing / static_cast<double>(logits.size());
  for (size_t k = 0; k < logits.size(); ++k) {
    const double probability = std::exp(logits[k] - log_sum);
    const double wanted = OnLabel(target, static_cast<int64_t>(k)) + smoothed;
    logits[k] = static_cast<float>(weight * (probability - wanted));
  }
  return loss;
}

int64_t Largest(std::span<const float> logits) {
  size_t best = 0;
  for (size_t k = 1; k < logits.size(); ++k) {
    if (std::isnan(logits[best])) break;
    if (logits[k] > logits[best] || std::isnan(logits[k])) best = k;
  }
  return static_cast<int64_t>(best);
}

}  // namespace dse::native
