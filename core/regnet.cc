#include "core/regnet.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dse {
namespace {

constexpr int kWidthMultiple = 8;
// Wider levels, which no model may have (kMaxWidth), are all taken for this wide.
constexpr double kWidest = 1 << 30;

std::string Explain(RegNetRejection rejection, int wanted, int count) {
  switch (rejection) {
    case RegNetRejection::kStageCount:
      return "they give " + (count > kMaxStages ? std::string("too many") : std::to_string(count)) +
             " stages where " + (wanted == 0 ? "1 to 8" : std::to_string(wanted)) + " are wanted";
    case RegNetRejection::kEmptyLevel:
      return "a quantization level between two stages has no blocks";
    case RegNetRejection::kEqualWidths:
      return "two levels have equal width";
    case RegNetRejection::kNone:
      break;
  }
  return "";
}

// The quantized widths of a RegNet, block by block and level by level.
class QuantizedRamp {
 public:
  QuantizedRamp(double w0, double wa, double wm)
      : w0_(w0), wa_(wa), wm_(wm), log_wm_(std::log(wm)), scale_(w0 / wa) {}

  // Never falls with `block`.
  int Level(size_t block) const {
    const double u = w0_ + wa_ * static_cast<double>(block);
    return static_cast<int>(RoundHalfEven(std::log(u / w0_) / log_wm_));
  }
  int Width(int level) const {
    const double width =
        RoundHalfEven(w0_ * std::pow(wm_, level) / kWidthMultiple) * kWidthMultiple;
    return static_cast<int>(std::min(width, kWidest));
  }
  // The first of `depth` blocks above `level`, `depth` where there is none. `ratio` is
  // wm^(level + 1/2): the level ends where w0 + wa * block = w0 * ratio.
  size_t FirstAbove(int level, double ratio, size_t depth) const;

 private:
  double w0_, wa_, wm_, log_wm_;
  double scale_;  // blocks in which u grows by w0; infinite for wa = 0
};

size_t QuantizedRamp::FirstAbove(int level, double ratio, size_t depth) const {
  // Far above the rounding errors of `end` and of Level, which are some 1e-14 of w0 * ratio / wa.
  constexpr double kSlack = 1e-9;
  const double end = (ratio - 1) * scale_;
  const double slack = kSlack * ratio * scale_;
  const double after = std::ceil(end - slack);
  size_t block =
      after < static_cast<double>(depth) ? static_cast<size_t>(std::max(after, 0.0)) : depth;
  if (after == std::ceil(end + slack)) return block;
  // A tie, or wa = 0: the blocks themselves decide.
  while (block > 0 && Level(block - 1) > level) --block;
  while (block < depth && Level(block) <= level) ++block;
  return block;
}

}  // namespace

double RoundHalfEven(double value) { return std::nearbyint(value); }

void RegNetBlockWidths(double w0, double wa, double wm, std::span<int> widths,
                       std::span<int> levels) {
  const QuantizedRamp ramp(w0, wa, wm);
  for (size_t j = 0; j < widths.size(); ++j) {
    levels[j] = ramp.Level(j);
    widths[j] = ramp.Width(levels[j]);
  }
}

RegNetRejection RegNetStages(const RegNetParameters& parameters, int wanted,
                             std::span<Stage> stages, int& count) {
  const QuantizedRamp ramp(parameters.w0, parameters.wa, parameters.wm);
  const auto depth = static_cast<size_t>(parameters.depth);
  std::array<int, kMaxStages> levels;
  bool empty_level = false;
  count = 0;
  size_t begin = 0;
  double ratio = std::sqrt(parameters.wm);
  for (int level = 0; begin < depth; ++level, ratio *= parameters.wm) {
    size_t end = ramp.FirstAbove(level, ratio, depth);
    if (end == begin) {
      empty_level = true;
      level = ramp.Level(begin);
      ratio = std::pow(parameters.wm, level + 0.5);
      end = ramp.FirstAbove(level, ratio, depth);
    }
    if (++count > kMaxStages) return RegNetRejection::kStageCount;
    const auto last = static_cast<size_t>(count - 1);
    levels[last] = level;
    stages[last] = Stage();
    stages[last].depth = static_cast<int>(end - begin);
    begin = end;
  }
  if (wanted != 0 && count != wanted) return RegNetRejection::kStageCount;
  if (empty_level) return RegNetRejection::kEmptyLevel;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    stages[i].width = ramp.Width(levels[i]);
    stages[i].bottleneck = parameters.bottleneck;
    stages[i].group_width = parameters.group_width;
    if (i > 0 && stages[i].width == stages[i - 1].width) return RegNetRejection::kEqualWidths;
  }
  return RegNetRejection::kNone;
}

Model RegNetModel(const Frame& frame, const RegNetParameters& parameters, int wanted_stages,
                  const std::string& where) {
  if (parameters.depth < 1 || parameters.depth > kMaxDepth || !(parameters.w0 > 0) ||
      !(parameters.wa >= 0) || !(parameters.wm > 1)) {
    throw Error(where + ": a RegNet needs 1 <= depth <= 512, w0 > 0, wa >= 0 and wm > 1");
  }
  std::array<Stage, kMaxStages> stages;
  int count = 0;
  const RegNetRejection rejection = RegNetStages(parameters, wanted_stages, stages, count);
  if (rejection != RegNetRejection::kNone) {
    throw Error(where +
                ": these parameters make no RegNet: " + Explain(rejection, wanted_stages, count));
  }
  Model model;
  model.frame = frame;
  model.stages.assign(stages.begin(), stages.begin() + count);
  for (int i = 0; i < count; ++i) {
    model.stages[static_cast<size_t>(i)].stride = DefaultStride(frame.stem, i);
  }
  if (!HasBottleneck(frame.block)) {
    for (Stage& stage : model.stages) stage.bottleneck = 1;
  }
  if (!HasGroups(frame.block)) {
    for (Stage& stage : model.stages) stage.group_width = 1;
  }
  model.regnet = parameters;
  return ResolveModel(std::move(model), where);
}

}  // namespace dse
