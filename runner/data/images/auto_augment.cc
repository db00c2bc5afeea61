#include "runner/data/images/auto_augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace dse {
namespace {

using enum AugmentOperation;

constexpr uint8_t kUncovered = 128;
constexpr int kMaxMagnitude = 9;

// How far a 3 x side x side image reaches in bytes.
size_t Bytes(int side) { return 3 * static_cast<size_t>(side) * static_cast<size_t>(side); }

// Rows of the inverse map: output pixel (x, y) shows input pixel (a x + b y + c, d x + e y + f).
struct Affine {
  double a = 1, b = 0, c = 0;
  double d = 0, e = 1, f = 0;
};

Affine Rotation(double degrees, int side) {
  const double angle = -degrees * std::numbers::pi / 180;
  const double center = side / 2.0;
  Affine map{std::cos(angle), std::sin(angle), 0, -std::sin(angle), std::cos(angle), 0};
  map.c = center - map.a * center - map.b * center;
  map.f = center - map.d * center - map.e * center;
  return map;
}

int64_t Fixed(double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); }

// Nearest pixels, in sixteen binary digits as Pillow reckons.
void Transform(const Affine& map, int side, uint8_t* pixels, AugmentScratch& scratch) {
  scratch.assign(pixels, pixels + Bytes(side));
  int64_t row_x = Fixed(map.c + map.a * 0.5 + map.b * 0.5);
  int64_t row_y = Fixed(map.f + map.d * 0.5 + map.e * 0.5);
  for (int row = 0; row < side; ++row) {
    int64_t x = row_x, y = row_y;
    for (int column = 0; column < side; ++column, pixels += 3) {
      const int64_t from_x = x >> 16, from_y = y >> 16;
      if (from_x >= 0 && from_x < side && from_y >= 0 && from_y < side) {
        std::copy_n(scratch.data() + 3 * (from_y * side + from_x), 3, pixels);
      } else {
        std::fill_n(pixels, 3, kUncovered);
      }
      x += Fixed(map.a);
      y += Fixed(map.d);
    }
    row_x += Fixed(map.b);
    row_y += Fixed(map.e);
  }
}

// From `base` by `factor` towards, and beyond, `value`.
uint8_t Blend(int base, int value, float factor) {
  const float scaled = factor * static_cast<float>(value - base);
  return static_cast<uint8_t>(std::clamp(static_cast<float>(base) + scaled, 0.0f, 255.0f));
}

// Luma of ITU-R 601.
int Grey(const uint8_t* pixel) {
  return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16;
}

void ChangeColor(float factor, int side, uint8_t* pixels) {
  for (uint8_t* end = pixels + Bytes(side); pixels != end; pixels += 3) {
    const int grey = Grey(pixels);
    for (int c = 0; c < 3; ++c) pixels[c] = Blend(grey, pixels[c], factor);
  }
}

void ChangeContrast(float factor, int side, uint8_t* pixels) {
  int64_t sum = 0;
  for (size_t i = 0; i < Bytes(side); i += 3) sum += Grey(pixels + i);
  const int64_t count = int64_t{side} * side;
  const int mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
  for (size_t i = 0; i < Bytes(side); ++i) pixels[i] = Blend(mean, pixels[i], factor);
}

// Smoothing is a 3 x 3 mean in which the centre counts five times; the border stays.
void ChangeSharpness(float factor, int side, uint8_t* pixels, AugmentScratch& scratch) {
  scratch.assign(pixels, pixels + Bytes(side));
  const int pitch = 3 * side;
  const auto row_of_three = [](const uint8_t* at) { return at[-3] + at[0] + at[3]; };
  for (int row = 1; row < side - 1; ++row) {
    for (int i = 3; i < pitch - 3; ++i) {
      const uint8_t* at = scratch.data() + row * pitch + i;
      const int sum =
          row_of_three(at - pitch) + row_of_three(at) + row_of_three(at + pitch) + 4 * at[0];
      pixels[row * pitch + i] = Blend((2 * sum + 13) / 26, at[0], factor);
    }
  }
}

using Table = std::array<uint8_t, 256>;

template <typename Change>
Table MakeTable(const Change& change) {
  Table table;
  for (int value = 0; value < 256; ++value) {
    table[static_cast<size_t>(value)] = static_cast<uint8_t>(change(value));
  }
  return table;
}

void LookUp(const Table& table, int side, uint8_t* pixels) {
  std::for_each_n(pixels, Bytes(side), [&](uint8_t& value) { value = table[value]; });
}

using Histogram = std::array<int64_t, 256>;

Table StretchTable(const Histogram& histogram) {
  const auto used = [](int64_t count) { return count != 0; };
  const auto low = std::find_if(histogram.begin(), histogram.end(), used) - histogram.begin();
  const auto high =
      255 - (std::find_if(histogram.rbegin(), histogram.rend(), used) - histogram.rbegin());
  if (high <= low) return MakeTable([](int value) { return value; });
  const double scale = 255.0 / static_cast<double>(high - low);
  const double offset = -static_cast<double>(low) * scale;
  return MakeTable(
      [&](int value) { return std::clamp(static_cast<int>(value * scale + offset), 0, 255); });
}

Table EqualizeTable(const Histogram& histogram) {
  int64_t pixels = 0, last = 0;  // last: of the brightest value there is
  for (const int64_t count : histogram) {
    pixels += count;
    if (count != 0) last = count;
  }
  const int64_t step = (pixels - last) / 255;
  if (step == 0) return MakeTable([](int value) { return value; });
  int64_t below = step / 2;
  return MakeTable([&](int value) {
    const int64_t level = below / step;
    below += histogram[static_cast<size_t>(value)];
    return std::min<int64_t>(level, 255);
  });
}

template <typename TableOf>
void LookUpByChannel(const TableOf& table_of, int side, uint8_t* pixels) {
  for (size_t c = 0; c < 3; ++c) {
    Histogram histogram{};
    for (size_t i = c; i < Bytes(side); i += 3) ++histogram[pixels[i]];
    const Table table = table_of(histogram);
    for (size_t i = c; i < Bytes(side); i += 3) pixels[i] = table[pixels[i]];
  }
}

Table PosterizeTable(int bits) {
  return MakeTable([=](int value) { return value & ~((1 << (8 - bits)) - 1); });
}

Table SolarizeTable(double threshold) {
  return MakeTable([=](int value) { return value < threshold ? value : 255 - value; });
}

}  // namespace

const std::array<SubPolicy, kSubPolicies> kImagenetPolicy{{
    {{{kPosterize, 0.4, 8}, {kRotate, 0.6, 9}}},  {{{kSolarize, 0.6, 5}, {kAutoContrast, 0.6, 0}}},
    {{{kEqualize, 0.8, 0}, {kEqualize, 0.6, 0}}}, {{{kPosterize, 0.6, 7}, {kPosterize, 0.6, 6}}},
    {{{kEqualize, 0.4, 0}, {kSolarize, 0.2, 4}}}, {{{kEqualize, 0.4, 0}, {kRotate, 0.8, 8}}},
    {{{kSolarize, 0.6, 3}, {kEqualize, 0.6, 0}}}, {{{kPosterize, 0.8, 5}, {kEqualize, 1.0, 0}}},
    {{{kRotate, 0.2, 3}, {kSolarize, 0.6, 8}}},   {{{kEqualize, 0.6, 0}, {kPosterize, 0.4, 6}}},
    {{{kRotate, 0.8, 8}, {kColor, 0.4, 0}}},      {{{kRotate, 0.4, 9}, {kEqualize, 0.6, 0}}},
    {{{kEqualize, 0.0, 0}, {kEqualize, 0.8, 0}}}, {{{kInvert, 0.6, 0}, {kEqualize, 1.0, 0}}},
    {{{kColor, 0.6, 4}, {kContrast, 1.0, 8}}},    {{{kRotate, 0.8, 8}, {kColor, 1.0, 2}}},
    {{{kColor, 0.8, 8}, {kSolarize, 0.8, 7}}},    {{{kSharpness, 0.4, 7}, {kInvert, 0.6, 0}}},
    {{{kShearX, 0.6, 5}, {kEqualize, 1.0, 0}}},   {{{kColor, 0.4, 0}, {kEqualize, 0.6, 0}}},
    {{{kEqualize, 0.4, 0}, {kSolarize, 0.2, 4}}}, {{{kSolarize, 0.6, 5}, {kAutoContrast, 0.6, 0}}},
    {{{kInvert, 0.6, 0}, {kEqualize, 1.0, 0}}},   {{{kColor, 0.6, 4}, {kContrast, 1.0, 8}}},
    {{{kEqualize, 0.8, 0}, {kEqualize, 0.6, 0}}},
}};

double AugmentValue(AugmentOperation operation, int magnitude, bool negative) {
  const double sign = negative ? -1 : 1;
  const double share = static_cast<double>(magnitude) / kMaxMagnitude;
  switch (operation) {
    case kShearX:
      return sign * 0.3 * share;
    case kRotate:
      return sign * 30 * share;
    case kColor:
    case kContrast:
    case kSharpness:
      return 1 + sign * 0.9 * share;
    case kPosterize:
      return 8 - std::nearbyint(4 * share);
    case kSolarize:
      return 255 * (1 - share);
    default:
      return 0;
  }
}

void ApplyOperation(AugmentOperation operation, double value, int side, uint8_t* pixels,
                    AugmentScratch& scratch) {
  switch (operation) {
    case kShearX:
      return Transform({1, value, 0, 0, 1, 0}, side, pixels, scratch);
    case kRotate:
      return Transform(Rotation(value, side), side, pixels, scratch);
    case kColor:
      return ChangeColor(static_cast<float>(value), side, pixels);
    case kContrast:
      return ChangeContrast(static_cast<float>(value), side, pixels);
    case kSharpness:
      return ChangeSharpness(static_cast<float>(value), side, pixels, scratch);
    case kPosterize:
      return LookUp(PosterizeTable(static_cast<int>(value)), side, pixels);
    case kSolarize:
      return LookUp(SolarizeTable(value), side, pixels);
    case kAutoContrast:
      return LookUpByChannel(StretchTable, side, pixels);
    case kEqualize:
      return LookUpByChannel(EqualizeTable, side, pixels);
    case kInvert:
      return LookUp(SolarizeTable(0), side, pixels);
  }
}

void AutoAugment(int side, RandomStream& random, uint8_t* pixels, AugmentScratch& scratch) {
  const SubPolicy& policy = kImagenetPolicy[random.Below(kSubPolicies)];
  for (const AugmentStep& step : policy) {
    const bool negative = random.Coin();
    if (random.Uniform() > step.probability) continue;
    ApplyOperation(step.operation, AugmentValue(step.operation, step.magnitude, negative), side,
                   pixels, scratch);
  }
}

}  // namespace dse
