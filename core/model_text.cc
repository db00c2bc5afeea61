#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/model.h"
#include "core/object_writer.h"

namespace dse {
namespace {

constexpr size_t kUsualBytes = 512;

template <typename Field>
void AppendList(const Model& model, Field field, std::string& text) {
  text += '[';
  for (const Stage& stage : model.stages) {
    if (&stage != &model.stages.front()) text += ',';
    ObjectWriter::AppendReal(field(stage), text);
  }
  text += ']';
}

void AppendRegNet(const RegNetParameters& regnet, BlockType block, std::string& text) {
  ObjectWriter object(text);
  if (HasBottleneck(block)) object.Real("bottleneck", regnet.bottleneck);
  object.Int("depth", regnet.depth);
  if (HasGroups(block)) object.Int("group_width", regnet.group_width);
  object.Real("w0", regnet.w0);
  object.Real("wa", regnet.wa);
  object.Real("wm", regnet.wm);
  object.Close();
}

}  // namespace

void AppendModel(const Model& model, ModelPart part, std::string& text) {
  const Frame& frame = model.frame;
  const bool mobile = frame.block == BlockType::kMBConv;
  ObjectWriter object(text);
  const auto list = [&](std::string_view key, auto field) {
    AppendList(model, field, object.Key(key));
  };
  object.Text("activation", TextOf<Activation>(frame.activation, kActivationWords));
  object.Text("block", TextOf<BlockType>(frame.block, kBlockWords));
  if (HasBottleneck(frame.block)) list("bottleneck", [](const Stage& s) { return s.bottleneck; });
  object.Int("classes", frame.classes);
  list("depths", [](const Stage& s) { return s.depth; });
  if (mobile) list("expansions", [](const Stage& s) { return s.expansion; });
  if (HasGroups(frame.block)) list("group_widths", [](const Stage& s) { return s.group_width; });
  if (mobile) object.Int("head_width", frame.head_width);
  if (mobile) list("kernels", [](const Stage& s) { return s.kernel; });
  if (part == ModelPart::kAll) {
    if (!model.name.empty()) object.Text("name", model.name);
    if (model.regnet) AppendRegNet(*model.regnet, frame.block, object.Key("regnet"));
  }
  object.Int("resolution", frame.resolution);
  object.Real("se_ratio", frame.se_ratio);
  object.Text("stem", TextOf<StemType>(frame.stem, kStemWords));
  object.Int("stem_width", frame.stem_width);
  list("strides", [](const Stage& s) { return s.stride; });
  object.Text("type", "anynet");
  list("widths", [](const Stage& s) { return s.width; });
  object.Close();
}

Json ModelToJson(const Model& model) {
  std::string text;
  AppendModel(model, ModelPart::kAll, text);
  return Json::parse(text);
}

std::string ModelHash(const Model& model) {
  std::string text;
  text.reserve(kUsualBytes);
  AppendModel(model, ModelPart::kNetwork, text);
  return ShortHash(text);
}

}  // namespace dse
