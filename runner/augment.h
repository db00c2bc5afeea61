#pragma once

#include <array>
#include <cstdint>

#include "core/rng.h"
#include "runner/dataset.h"
#include "runner/recipe.h"

namespace dse {

// What becomes of an image on its way into a batch. `out` has room for resolution x resolution x 3
// bytes. Random choices come from `random` alone.

// kAuto is cifar below 64 px and imagenet from there on.
Augment ResolveAugment(Augment augment, int resolution);

// For testing: short side to `resolution` below 64 px, else to 2 * round(4 * resolution / 7) (256
// for 224), then the centre.
void CenterCrop(const Image& image, int resolution, uint8_t* out);

// Pads with 4 pixels of `fill`, cuts a random square, flips with probability 1/2. An image of
// another size is first brought to `resolution` by CenterCrop's rule below 64 px.
void PadCropFlip(const Image& image, int resolution, const std::array<uint8_t, 3>& fill,
                 RandomStream& random, uint8_t* out);

// A random part of the image, 8 to 100% of its area and 3/4 to 4/3 in aspect (after ten misses the
// centre), scaled to the resolution, flipped with probability 1/2.
void RandomResizedCropFlip(const Image& image, int resolution, RandomStream& random, uint8_t* out);

// The colour shift of AlexNet's PCA lighting with standard deviation 0.1, in 0..1 of the channel.
std::array<float, 3> PcaLighting(RandomStream& random);

}  // namespace dse
