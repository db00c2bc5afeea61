#include "analysis/properties.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <string_view>
#include <tuple>

#include "analysis/quantized_linear_fit.h"

namespace dse {
namespace {

using Properties = std::map<std::string, double>;

void AddModel(const MemberRecord& member, Properties& properties) {
  const Model& model = *member.model;
  properties["depth"] = TotalDepth(model);
  for (size_t i = 0; i < model.stages.size(); ++i) {
    const Stage& stage = model.stages[i];
    const std::string number = std::to_string(i + 1);
    properties["w" + number] = stage.width;
    properties["d" + number] = stage.depth;
    if (HasBottleneck(model.frame.block)) properties["b" + number] = stage.bottleneck;
    if (HasGroups(model.frame.block)) properties["g" + number] = stage.group_width;
  }
  const Fit fit = member.fit ? *member.fit : FitQuantizedLinear(BlockWidths(model));
  properties["w0"] = model.regnet ? model.regnet->w0 : fit.w0;
  properties["wa"] = model.regnet ? model.regnet->wa : fit.wa;
  properties["wm"] = model.regnet ? model.regnet->wm : fit.wm;
  properties["e_fit"] = fit.e_fit;
  properties["flops"] = static_cast<double>(member.complexity.flops);
  properties["params"] = static_cast<double>(member.complexity.params);
  properties["acts"] = static_cast<double>(member.complexity.acts);
}

// Place of a name among all: w1 before w2, imported names behind.
std::tuple<size_t, int, std::string> PlaceOf(const std::string& name) {
  constexpr std::string_view kWhole[] = {"w0",     "wa",   "wm", "e_fit", "flops",
                                         "params", "acts", "lr", "wd",    "lr_wd"};
  constexpr std::string_view kByStage = "wdbg";
  if (name == "depth") return {0, 0, name};
  const auto* whole = std::find(std::begin(kWhole), std::end(kWhole), name);
  if (whole != std::end(kWhole)) {
    return {10 + static_cast<size_t>(whole - std::begin(kWhole)), 0, name};
  }
  const size_t letter = kByStage.find(name[0]);
  if (letter != std::string_view::npos && name.size() == 2 && name[1] >= '1' && name[1] <= '9') {
    return {1 + letter, name[1] - '0', name};
  }
  return {100, 0, name};
}

}  // namespace

std::map<std::string, double> MemberProperties(const MemberRecord& member) {
  Properties properties;
  if (member.model) AddModel(member, properties);
  if (member.lr) properties["lr"] = *member.lr;
  if (member.weight_decay) properties["wd"] = *member.weight_decay;
  for (const auto& [name, value] : member.properties) {
    if (!name.empty() && std::isfinite(value)) properties.emplace(name, value);
  }
  const auto lr = properties.find("lr");
  const auto wd = properties.find("wd");
  if (lr != properties.end() && wd != properties.end()) {
    properties.emplace("lr_wd", lr->second * wd->second);
  }
  return properties;
}

std::vector<std::string> SortedPropertyNames(std::vector<std::string> names) {
  std::sort(names.begin(), names.end(),
            [](const std::string& a, const std::string& b) { return PlaceOf(a) < PlaceOf(b); });
  return names;
}

}  // namespace dse
