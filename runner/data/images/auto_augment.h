#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/rng.h"

namespace dse {

// AutoAugment's policy for ImageNet (Cubuk et al., "AutoAugment: Learning Augmentation Policies
// from Data", table 9), with the magnitudes of torchvision's transforms.AutoAugment. Pixels are
// those of Pillow, to the bit; what turns and shears uncover is grey (128), as in the authors'
// code.

enum class AugmentOperation {
  kShearX,        // value: pixels to the left for each row down
  kRotate,        // value: degrees counterclockwise, about the centre
  kColor,         // value: 0 grey, 1 as it is, more is more colourful
  kContrast,      // value: 0 the mean grey, 1 as it is
  kSharpness,     // value: 0 smoothed, 1 as it is
  kPosterize,     // value: bits that are kept, 0..8
  kSolarize,      // value: from this brightness on inverted
  kAutoContrast,  // channels stretched to 0..255; no value
  kEqualize,      // channels' histograms made flat; no value
  kInvert,        // no value
};

// One of the two steps of a sub-policy.
struct AugmentStep {
  AugmentOperation operation;
  double probability = 0;
  int magnitude = 0;  // 0..9
};
using SubPolicy = std::array<AugmentStep, 2>;
inline constexpr int kSubPolicies = 25;
extern const std::array<SubPolicy, kSubPolicies> kImagenetPolicy;

// The operation's value at a magnitude. `negative` turns the direction, or the change of colour,
// contrast and sharpness, around; other operations have one direction.
double AugmentValue(AugmentOperation operation, int magnitude, bool negative);

// Memory for one image after another.
using AugmentScratch = std::vector<uint8_t>;

// pixels: side x side x 3.
void ApplyOperation(AugmentOperation operation, double value, int side, uint8_t* pixels,
                    AugmentScratch& scratch);

// A random sub-policy, its steps with their probabilities.
void AutoAugment(int side, RandomStream& random, uint8_t* pixels, AugmentScratch& scratch);

}  // namespace dse
