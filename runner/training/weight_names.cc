#include "runner/training/weight_names.h"

#include <cstdio>
#include <string_view>
#include <utility>

#include "core/error.h"

namespace dse {
namespace {

// "trunk_output.block2.block2-0.f.a.0.weight" taken apart.
struct BlockName {
  int stage = 0;  // from 1
  int block = 0;  // from 0
  std::string rest;
};

bool ParseBlockName(const std::string& name, BlockName& parts) {
  int again = 0, used = 0;
  if (std::sscanf(name.c_str(), "trunk_output.block%d.block%d-%d.%n", &parts.stage, &again,
                  &parts.block, &used) != 3 ||
      used == 0) {
    return false;
  }
  parts.rest = name.substr(static_cast<size_t>(used));
  return true;
}

// The first prefix of the table that `name` begins with, replaced.
using Prefix = std::pair<std::string_view, std::string_view>;
template <size_t N>
std::string ReplacePrefix(const std::string& name, const Prefix (&table)[N]) {
  for (const auto& [from, to] : table) {
    if (name.starts_with(from)) return std::string(to) + name.substr(from.size());
  }
  return name;
}

constexpr Prefix kResnetOutside[] = {{"stem.0.", "conv1."}, {"stem.1.", "bn1."}};
constexpr Prefix kResnetBlock[] = {
    {"proj.", "downsample."}, {"f.a.0.", "conv1."}, {"f.a.1.", "bn1."}, {"f.b.0.", "conv2."},
    {"f.b.1.", "bn2."},       {"f.c.0.", "conv3."}, {"f.c.1.", "bn3."}};
constexpr Prefix kExpandedBlock[] = {
    {"f.exp.", "block.0."}, {"f.dw.", "block.1."}, {"f.se.", "block.2."}, {"f.lin.", "block.3."}};
constexpr Prefix kPlainBlock[] = {
    {"f.dw.", "block.0."}, {"f.se.", "block.1."}, {"f.lin.", "block.2."}};
constexpr Prefix kTimmOutside[] = {
    {"stem.0.", "stem.conv."}, {"stem.1.", "stem.bn."}, {"fc.", "head.fc."}};
constexpr Prefix kTimmBlock[] = {
    {"proj.0.", "downsample.conv."}, {"proj.1.", "downsample.bn."}, {"f.a.0.", "conv1.conv."},
    {"f.a.1.", "conv1.bn."},         {"f.b.0.", "conv2.conv."},     {"f.b.1.", "conv2.bn."},
    {"f.c.0.", "conv3.conv."},       {"f.c.1.", "conv3.bn."},       {"f.se.", "se."}};

std::string ResnetName(const std::string& name) {
  BlockName parts;
  if (!ParseBlockName(name, parts)) return ReplacePrefix(name, kResnetOutside);
  return "layer" + std::to_string(parts.stage) + "." + std::to_string(parts.block) + "." +
         ReplacePrefix(parts.rest, kResnetBlock);
}

std::string EfficientnetName(const Model& model, const std::string& name) {
  BlockName parts;
  if (ParseBlockName(name, parts)) {
    const Stage& stage = model.stages.at(static_cast<size_t>(parts.stage - 1));
    return "features." + std::to_string(parts.stage) + "." + std::to_string(parts.block) + "." +
           (stage.expansion == 1 ? ReplacePrefix(parts.rest, kPlainBlock)
                                 : ReplacePrefix(parts.rest, kExpandedBlock));
  }
  const std::string last = "features." + std::to_string(model.stages.size() + 1) + ".";
  const Prefix outside[] = {{"stem.", "features.0."}, {"head.", last}, {"fc.", "classifier.1."}};
  return ReplacePrefix(name, outside);
}

std::string TimmName(const std::string& name) {
  BlockName parts;
  if (!ParseBlockName(name, parts)) return ReplacePrefix(name, kTimmOutside);
  return "s" + std::to_string(parts.stage) + ".b" + std::to_string(parts.block + 1) + "." +
         ReplacePrefix(parts.rest, kTimmBlock);
}

std::string NameOf(const Model& model) {
  return model.name.empty() ? ModelHash(model) : model.name;
}

void CheckIsRegNet(const Model& model) {
  const Frame& frame = model.frame;
  if (frame.stem == StemType::kSimple && HasBottleneck(frame.block)) return;
  throw Error("network '" + NameOf(model) +
              "' has no names in timm: they are for RegNets, blocks X, Y and R behind the simple "
              "stem; keep its weights with --weight-names torchvision");
}

}  // namespace

void CheckWeightNames(const Model& model, WeightNames names) {
  if (names != WeightNames::kTimm) return;
  CheckIsRegNet(model);
  if (model.frame.activation == Activation::kRelu) return;
  throw Error("network '" + NameOf(model) +
              "' has the activation swish and timm's RegNets have ReLU, so under timm's names it "
              "would compute something else; keep its weights with --weight-names torchvision");
}

std::string PublishedName(const Model& model, WeightNames names, const std::string& name) {
  const Frame& frame = model.frame;
  if (names == WeightNames::kTimm) {
    CheckIsRegNet(model);
    return TimmName(name);
  }
  if (frame.stem == StemType::kResnet && frame.block != BlockType::kMBConv) return ResnetName(name);
  if (frame.stem == StemType::kEfficientnet && frame.block == BlockType::kMBConv) {
    return EfficientnetName(model, name);
  }
  return name;
}

PublishedTensors PublishTensors(const Model& model, const NetworkPlan& plan, WeightNames names) {
  PublishedTensors tensors;
  const auto add = [&](const std::string& name) {
    tensors.values.push_back({name, PublishedName(model, names, name)});
  };
  for (const ParameterPlan& parameter : plan.parameters) add(parameter.name);
  for (const NormPlan* norm : plan.Norms()) {
    add(norm->name + ".running_mean");
    add(norm->name + ".running_var");
    tensors.counters.push_back(PublishedName(model, names, norm->name + ".num_batches_tracked"));
  }
  return tensors;
}

}  // namespace dse
