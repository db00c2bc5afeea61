#include "core/regnet.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace dse {
namespace {

constexpr int kWidthMultiple = 8;

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

}  // namespace

double RoundHalfEven(double value) { return std::nearbyint(value); }

void RegNetBlockWidths(double w0, double wa, double wm, std::span<int> widths,
                       std::span<int> levels) {
  const double log_wm = std::log(wm);
  for (size_t j = 0; j < widths.size(); ++j) {
    const double u = w0 + wa * static_cast<double>(j);
    const double level = RoundHalfEven(std::log(u / w0) / log_wm);
    const double width = w0 * std::pow(wm, level);
    levels[j] = static_cast<int>(level);
    widths[j] = static_cast<int>(RoundHalfEven(width / kWidthMultiple)) * kWidthMultiple;
  }
}

RegNetRejection RegNetStages(const RegNetParameters& parameters, int wanted,
                             std::span<Stage> stages, int& count) {
  std::array<int, kMaxDepth> width_memory;
  std::array<int, kMaxDepth> level_memory;
  const auto depth = static_cast<size_t>(parameters.depth);
  const std::span<int> widths(width_memory.data(), depth);
  const std::span<int> levels(level_memory.data(), depth);
  RegNetBlockWidths(parameters.w0, parameters.wa, parameters.wm, widths, levels);
  // Levels never fall with j: u_j grows.
  bool empty_level = false;
  bool equal_widths = false;
  count = 0;
  for (size_t j = 0; j < depth; ++j) {
    if (j > 0 && levels[j] == levels[j - 1]) {
      if (count <= kMaxStages) ++stages[static_cast<size_t>(count - 1)].depth;
      continue;
    }
    if (j > 0) {
      empty_level |= levels[j] != levels[j - 1] + 1;
      equal_widths |= widths[j] == widths[j - 1];
    }
    if (++count > kMaxStages) return RegNetRejection::kStageCount;
    Stage& stage = stages[static_cast<size_t>(count - 1)];
    stage = Stage();
    stage.depth = 1;
    stage.width = widths[j];
    stage.bottleneck = parameters.bottleneck;
    stage.group_width = parameters.group_width;
  }
  if (wanted != 0 && count != wanted) return RegNetRejection::kStageCount;
  if (empty_level) return RegNetRejection::kEmptyLevel;
  if (equal_widths) return RegNetRejection::kEqualWidths;
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
