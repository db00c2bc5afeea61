#pragma once

#include <array>
#include <cstdint>

#include "core/rng.h"
#include "runner/data/images/image.h"

namespace dse {

// What becomes of an image on its way into a batch: what is cut from it, and what is done to the
// pixels then (resolution x resolution x 3 bytes). Random choices come from `random` alone.

enum class Augment { kAuto, kNone, kCifar, kImagenet };

// kAuto is cifar below 64 px and imagenet from there on.
Augment ResolveAugment(Augment augment, int resolution);

// For testing the short side is scaled to `resolution` below 64 px, else to 2 * round(4 *
// resolution / 7): 256 for 224.
int TestShortSide(int resolution);

// For testing: short side to TestShortSide, then the centre.
Cut CenterCut(int height, int width, int resolution);

// Short side to `resolution`, then the centre.
Cut SquareCut(int height, int width, int resolution);

// A random part of the image, 8 to 100% of its area and 3/4 to 4/3 in aspect, scaled to the
// resolution; after ten misses SquareCut.
Cut RandomCut(int height, int width, int resolution, RandomStream& random);

// Pads `in` with 4 pixels of `fill` and cuts a random square.
void ShiftAtRandom(const uint8_t* in, int resolution, const std::array<uint8_t, 3>& fill,
                   RandomStream& random, uint8_t* out);

// Mirrors left and right with probability 1/2.
void FlipAtRandom(int resolution, RandomStream& random, uint8_t* pixels);

// The colour shift of AlexNet's PCA lighting with standard deviation 0.1, in 0..1 of the channel.
std::array<float, 3> PcaLighting(RandomStream& random);

}  // namespace dse
