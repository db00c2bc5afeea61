#include "runner/data/images/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "core/regnet.h"

namespace dse {
namespace {

constexpr int kSmallBelow = 64;  // px
constexpr int kPadding = 4;

// Eigenvalues and eigenvectors (columns) of the RGB values of ImageNet, and the strength of
// Krizhevsky et al., "ImageNet classification with deep convolutional neural networks",
// section 4.1.
constexpr double kLighting = 0.1;
constexpr double kEigenvalues[3] = {0.2175, 0.0188, 0.0045};
constexpr double kEigenvectors[3][3] = {
    {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}};

// Scales the short side to `short_side` and takes the central square.
Cut CutByShortSide(int height, int width, int short_side, int resolution) {
  const int shorter = std::min(height, width);
  const auto scaled = [&](int side) {
    return std::max(short_side, static_cast<int>(int64_t{side} * short_side / shorter));
  };
  Cut cut;
  cut.source = {0, 0, height, width};
  cut.height = scaled(height);
  cut.width = scaled(width);
  cut.window = {(cut.height - resolution + 1) / 2, (cut.width - resolution + 1) / 2, resolution,
                resolution};
  return cut;
}

void FlipRow(uint8_t* row, int width) {
  for (int left = 0, right = width - 1; left < right; ++left, --right) {
    std::swap_ranges(row + 3 * left, row + 3 * left + 3, row + 3 * right);
  }
}

void Flip(uint8_t* pixels, int resolution) {
  for (int y = 0; y < resolution; ++y) {
    FlipRow(pixels + 3 * static_cast<size_t>(y) * resolution, resolution);
  }
}

void FillPixels(uint8_t* out, int count, const std::array<uint8_t, 3>& fill) {
  for (int i = 0; i < count; ++i, out += 3) std::memcpy(out, fill.data(), 3);
}

// The square image moved by (dy, dx), `fill` where nothing of it lies.
void Shift(const uint8_t* in, int side, int dy, int dx, const std::array<uint8_t, 3>& fill,
           uint8_t* out) {
  const int begin = std::max(0, -dx), end = std::min(side, side - dx);
  const size_t pitch = 3 * static_cast<size_t>(side);
  for (int y = 0; y < side; ++y, out += pitch) {
    const int from = y + dy;
    if (from < 0 || from >= side) {
      FillPixels(out, side, fill);
      continue;
    }
    FillPixels(out, begin, fill);
    std::memcpy(out + 3 * begin, in + pitch * from + 3 * (begin + dx),
                3 * static_cast<size_t>(end - begin));
    FillPixels(out + 3 * end, side - end, fill);
  }
}

int DrawOffset(int room, RandomStream& random) {
  return static_cast<int>(random.Below(static_cast<uint64_t>(room) + 1));
}

// False after ten tries that did not fit.
bool DrawCrop(int height, int width, RandomStream& random, Box& crop) {
  constexpr int kTries = 10;
  const double area = static_cast<double>(height) * width;
  for (int i = 0; i < kTries; ++i) {
    const double target = random.Uniform(0.08, 1) * area;
    const double aspect = random.Uniform(3.0 / 4, 4.0 / 3);
    crop.width = std::max(1, static_cast<int>(RoundHalfEven(std::sqrt(target * aspect))));
    crop.height = std::max(1, static_cast<int>(RoundHalfEven(std::sqrt(target / aspect))));
    if (random.Coin()) std::swap(crop.width, crop.height);
    if (crop.height > height || crop.width > width) continue;
    crop.y = DrawOffset(height - crop.height, random);
    crop.x = DrawOffset(width - crop.width, random);
    return true;
  }
  return false;
}

}  // namespace

Augment ResolveAugment(Augment augment, int resolution) {
  if (augment != Augment::kAuto) return augment;
  return resolution < kSmallBelow ? Augment::kCifar : Augment::kImagenet;
}

int TestShortSide(int resolution) {
  return resolution < kSmallBelow ? resolution
                                  : 2 * static_cast<int>(RoundHalfEven(4.0 * resolution / 7));
}

Cut CenterCut(int height, int width, int resolution) {
  return CutByShortSide(height, width, TestShortSide(resolution), resolution);
}

Cut SquareCut(int height, int width, int resolution) {
  return CutByShortSide(height, width, resolution, resolution);
}

Cut RandomCut(int height, int width, int resolution, RandomStream& random) {
  Cut cut;
  if (DrawCrop(height, width, random, cut.source)) {
    cut.height = cut.width = resolution;
    cut.window = {0, 0, resolution, resolution};
  } else {
    cut = SquareCut(height, width, resolution);
  }
  cut.may_reduce = true;
  return cut;
}

void ShiftAtRandom(const uint8_t* in, int resolution, const std::array<uint8_t, 3>& fill,
                   RandomStream& random, uint8_t* out) {
  const int dy = DrawOffset(2 * kPadding, random) - kPadding;
  const int dx = DrawOffset(2 * kPadding, random) - kPadding;
  Shift(in, resolution, dy, dx, fill, out);
}

void FlipAtRandom(int resolution, RandomStream& random, uint8_t* pixels) {
  if (random.Coin()) Flip(pixels, resolution);
}

std::array<float, 3> PcaLighting(RandomStream& random) {
  std::array<double, 3> shift{};
  for (size_t k = 0; k < 3; ++k) {
    const double alpha = kLighting * random.Normal() * kEigenvalues[k];
    for (size_t c = 0; c < 3; ++c) shift[c] += alpha * kEigenvectors[c][k];
  }
  return {static_cast<float>(shift[0]), static_cast<float>(shift[1]), static_cast<float>(shift[2])};
}

}  // namespace dse
