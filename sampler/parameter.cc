#include "sampler/parameter.h"

#include <array>

#include "core/draw.h"

namespace dse {
namespace {

constexpr std::array<Word<Parameter>, kParameterCount> kAllWords{{
    {"depth", Parameter::kDepth},
    {"width", Parameter::kWidth},
    {"bottleneck", Parameter::kBottleneck},
    {"group_width", Parameter::kGroupWidth},
    {"kernel", Parameter::kKernel},
    {"expansion", Parameter::kExpansion},
    {"w0", Parameter::kW0},
    {"wa", Parameter::kWa},
    {"wm", Parameter::kWm},
    {"lr", Parameter::kLr},
    {"weight_decay", Parameter::kWeightDecay},
}};

// In the order of the enum.
constexpr std::array<ParameterRange, kParameterCount> kRanges{{
    {1, kMaxDepth, Grain::kWhole},
    {1, kMaxWidth, Grain::kWhole},
    {1.0 / 64, 64, Grain::kRatio},
    {1, kMaxWidth, Grain::kWhole},
    {1, 15, Grain::kOdd},
    {1, 16, Grain::kWhole},
    {8, kMaxWidth, Grain::kReal},
    {0, kMaxWidth, Grain::kReal},
    {1.0001, 100, Grain::kReal},
    {kMinLr, kMaxLr, Grain::kReal},
    {0, kMaxWeightDecay, Grain::kReal},
}};

}  // namespace

const std::span<const Word<Parameter>> kParameterWords{kAllWords};
const std::span<const Word<Parameter>> kStageParameterWords{kAllWords.data(), kStageParameterCount};

const char* NameOf(Parameter parameter) { return TextOf(parameter, kParameterWords); }

const ParameterRange& RangeOf(Parameter parameter) {
  return kRanges[static_cast<size_t>(parameter)];
}

bool BlockHas(BlockType block, Parameter parameter) {
  switch (parameter) {
    case Parameter::kBottleneck:
      return HasBottleneck(block);
    case Parameter::kGroupWidth:
      return HasGroups(block);
    case Parameter::kKernel:
    case Parameter::kExpansion:
      return block == BlockType::kMBConv;
    default:
      return true;
  }
}

}  // namespace dse
