#include "runner/native/bands.h"

#include <algorithm>

#include "runner/native/float_array.h"

namespace dse::native {
namespace {

// Read and written by the convolutions of a band: a quarter of what goes through the cache
// backward.
constexpr size_t kBandFloats = size_t{1} << 16;
constexpr size_t kFewestPixels = 196;
// Rows that a band has for one beside it, which is made for its neighbour too.
constexpr int kRowsForMargin = 3;

// What makes a value of an image that is read whole: pooling, and a gate's mean.
bool ReadsWhole(const StepPlan& plan, const LayerStep& layer) {
  return layer.squeeze >= 0 || (layer.join >= 0 && plan.joins[layer.join].pooled);
}

// Rows beside a band are made with it of a unit, and are there of an image.
bool CanHaveMargins(const LayerStep& layer) { return layer.join < 0; }

// Bands begin, as buffers do, at a multiple of 64 bytes; so do the rows beside them.
bool CanBeCut(const StepPlan& plan, const LayerStep& layer, int bands) {
  return std::ranges::all_of(layer.units, [&](int unit) {
    const ConvStep& conv = plan.conv_of(plan.units[unit]);
    const Margins margins = conv.shape.x_margins();
    const bool wide = conv.shape.height >= bands * kRowsForMargin * (margins.above + margins.below);
    const bool aligned = conv.shape.x_row_floats() % FloatArray::kVector == 0 &&
                         conv.shape.y_row_floats() % FloatArray::kVector == 0;
    return wide && (conv.shape.kernel == 1 || aligned) &&
           conv.shape.height % (bands * conv.shape.stride) == 0 &&
           conv.in_floats() % (bands * FloatArray::kVector) == 0 &&
           conv.out_floats() % (bands * FloatArray::kVector) == 0;
  });
}

}  // namespace

int MostBands(const StepPlan& plan, const LayerStep& layer) {
  if (ReadsWhole(plan, layer)) return 1;
  size_t floats = 0;
  for (const int unit : layer.units) {
    const ConvStep& conv = plan.conv_of(plan.units[unit]);
    if (conv.shape.kernel != 1 && !CanHaveMargins(layer)) return 1;
    floats += conv.in_floats() + conv.out_floats();
  }
  const ConvShape& read = plan.conv_of(plan.units[layer.units.front()]).shape;
  const size_t pixels = size_t{1} * read.height * read.width;
  int cut = 1;
  for (int bands = 2; pixels / bands >= kFewestPixels; ++bands) {
    if (floats / cut <= kBandFloats) break;
    if (CanBeCut(plan, layer, bands)) cut = bands;
  }
  return cut;
}

}  // namespace dse::native
