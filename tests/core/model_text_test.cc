#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/model.h"
#include "tests/support/random_model.h"

namespace dse::model_text_test {
namespace {

template <typename Field>
Json List(const Model& model, Field field) {
  Json list = Json::array();
  for (const Stage& stage : model.stages) list.push_back(field(stage));
  return list;
}

Json PlainRegNet(const RegNetParameters& regnet, BlockType block) {
  Json json = {{"depth", regnet.depth},
               {"w0", Number(regnet.w0)},
               {"wa", Number(regnet.wa)},
               {"wm", Number(regnet.wm)}};
  if (HasBottleneck(block)) json["bottleneck"] = Number(regnet.bottleneck);
  if (HasGroups(block)) json["group_width"] = regnet.group_width;
  return json;
}

// The document built key by key, which the JSON library sorts and prints.
Json PlainDocument(const Model& model) {
  const Frame& frame = model.frame;
  Json json = {{"type", "anynet"},
               {"block", TextOf<BlockType>(frame.block, kBlockWords)},
               {"stem", TextOf<StemType>(frame.stem, kStemWords)},
               {"stem_width", frame.stem_width},
               {"resolution", frame.resolution},
               {"classes", frame.classes},
               {"activation", TextOf<Activation>(frame.activation, kActivationWords)},
               {"se_ratio", Number(frame.se_ratio)}};
  json["depths"] = List(model, [](const Stage& s) { return s.depth; });
  json["widths"] = List(model, [](const Stage& s) { return s.width; });
  json["strides"] = List(model, [](const Stage& s) { return s.stride; });
  if (HasBottleneck(frame.block)) {
    json["bottleneck"] = List(model, [](const Stage& s) { return Number(s.bottleneck); });
  }
  if (HasGroups(frame.block)) {
    json["group_widths"] = List(model, [](const Stage& s) { return s.group_width; });
  }
  if (frame.block == BlockType::kMBConv) {
    json["kernels"] = List(model, [](const Stage& s) { return s.kernel; });
    json["expansions"] = List(model, [](const Stage& s) { return s.expansion; });
    json["head_width"] = frame.head_width;
  }
  return json;
}

std::string Text(const Model& model, ModelPart part) {
  std::string text;
  AppendModel(model, part, text);
  return text;
}

TEST_CASE("the text of random networks of every block is what the JSON library prints", "[model]") {
  const char* const names[] = {"", "plain", "quote \" and \\", "tab\t", "Stra\u00dfe", "\x7f"};
  for (const Word<BlockType>& block : kBlockWords) {
    RandomStream random(StreamKey(6, "text"), static_cast<uint64_t>(block.value));
    for (int i = 0; i < 1000; ++i) {
      Model model = RandomModel(block.value, random);
      Json expected = PlainDocument(model);
      REQUIRE(Text(model, ModelPart::kNetwork) == expected.dump());
      REQUIRE(ModelHash(model) == ShortHash(expected.dump()));
      model.name = names[random.Below(6)];
      if (!model.name.empty()) expected["name"] = model.name;
      if (random.Coin()) {
        model.regnet = {1 + static_cast<int>(random.Below(64)),
                        8.0 * (1 + random.Below(32)),
                        random.Below(2561) / 10.0,
                        1 + random.Uniform(),
                        random.Coin() ? 0.25 : 2.0,
                        16};
        expected["regnet"] = PlainRegNet(*model.regnet, block.value);
      }
      REQUIRE(Text(model, ModelPart::kAll) == expected.dump());
      REQUIRE(ModelToJson(model) == expected);
    }
  }
}

TEST_CASE("text is appended to what is there", "[model]") {
  RandomStream random(StreamKey(6, "append"), 0);
  const Model model = RandomModel(BlockType::kV, random);
  std::string text = "before ";
  AppendModel(model, ModelPart::kAll, text);
  CHECK(text == "before " + ModelToJson(model).dump());
}

}  // namespace
}  // namespace dse::model_text_test
