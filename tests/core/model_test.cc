#include "core/model.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/draw.h"
#include "core/hash.h"
#include "core/named_models.h"
#include "core/rng.h"

namespace dse::model_test {
namespace {

Model Parse(const std::string& text) { return ParseModel(ParseJson(text, "m.json"), "m.json"); }

Stage MakeStage(int width, double b, int g) {
  Stage stage;
  stage.width = width;
  stage.bottleneck = b;
  stage.group_width = g;
  return stage;
}

TEST_CASE("group compatibility follows the authors' rule", "[model]") {
  struct Row {
    int w;
    double b;
    int g;
    int want_w, want_g;
  };
  // Worked by hand from v = max(1, int(w/b)), g = min(g, v), m = lcm(g, 1/b) if b < 1 else g,
  // v = max(m, round(v/m)*m), w = int(v*b).
  const Row rows[] = {
      {24, 1, 16, 32, 16},     // 24/16 = 1.5 rounds to the even 2
      {40, 1, 16, 32, 16},     // 2.5 rounds to 2
      {56, 1, 16, 64, 16},     // 3.5 rounds to 4
      {8, 4, 32, 8, 2},        // v = 2, so g = 2
      {24, 4, 4, 32, 4},       // v = 6, 6/4 = 1.5 -> 8, w = 32
      {8, 1, 1, 8, 1},         //
      {24, 0.25, 32, 24, 32},  // v = 96 = 3 * lcm(32, 4)
      {10, 0.25, 8, 10, 8},    // v = 40 = 5 * 8
      {7, 2, 1, 6, 1},         // v = int(3.5) = 3
  };
  for (const Row& row : rows) {
    INFO(row.w << " b " << row.b << " g " << row.g);
    const Stage stage = MakeCompatible(BlockType::kX, MakeStage(row.w, row.b, row.g));
    CHECK(stage.width == row.want_w);
    CHECK(stage.group_width == row.want_g);
  }
}

TEST_CASE("group compatibility is idempotent, divides and stays within a third", "[model]") {
  RandomStream random(StreamKey(1, "compatibility"), 0);
  const double ratios[] = {0.25, 0.5, 1, 2, 4};
  for (int i = 0; i < 5000; ++i) {
    const int w = 8 * static_cast<int>(1 + random.Below(128));
    const double b = ratios[random.Below(5)];
    const int g = 1 << random.Below(6);
    const Stage stage = MakeCompatible(BlockType::kX, MakeStage(w, b, g));
    CHECK(InnerWidth(stage) % stage.group_width == 0);
    CHECK(InnerWidth(stage) * b == stage.width);
    CHECK(std::abs(stage.width - w) <= w / 3.0 + 1e-9);
    CHECK(MakeCompatible(BlockType::kX, stage) == stage);
  }
}

TEST_CASE("the resolved JSON has every key its block has and no other", "[model]") {
  const Json x = ModelToJson(Parse(R"({"depths":[1,2],"widths":[24,48],"group_widths":16})"));
  CHECK(x.dump() ==
        R"({"activation":"relu","block":"X","bottleneck":[1,1],"classes":1000,"depths":[1,2],)"
        R"("group_widths":[16,16],"resolution":224,"se_ratio":0,"stem":"simple","stem_width":32,)"
        R"("strides":[2,2],"type":"anynet","widths":[32,48]})");
  const Json v = ModelToJson(Parse(R"({"block":"V","stem":"cifar","depths":[1],"widths":[24]})"));
  CHECK(!v.contains("bottleneck"));
  CHECK(!v.contains("group_widths"));
  CHECK(v.at("strides") == Json({1}));
  CHECK(v.at("stem_width") == 16);
  const Json r = ModelToJson(Parse(R"({"block":"R","depths":[1],"widths":[24],"bottleneck":4})"));
  CHECK(!r.contains("group_widths"));
  CHECK(r.at("bottleneck") == Json({4}));
}

TEST_CASE("the hash is the SHA-256 of the resolved JSON without name and regnet", "[model]") {
  Model model = NamedModel("regnetx-200mf");
  Json json = ModelToJson(model);
  CHECK(json.contains("name"));
  CHECK(json.contains("regnet"));
  json.erase("name");
  json.erase("regnet");
  CHECK(ModelHash(model) == Sha256Hex(json.dump()).substr(0, 16));
  model.name = "another";
  CHECK(ModelHash(model) == Sha256Hex(json.dump()).substr(0, 16));
}

TEST_CASE("X with a squeeze ratio is Y and Y without one is X", "[model]") {
  const std::string shape = R"("depths":[1],"widths":[24]})";
  CHECK(Parse(R"({"se_ratio":0.25,)" + shape).frame.block == BlockType::kY);
  CHECK(Parse(R"({"block":"Y",)" + shape).frame.se_ratio == 0.25);
  CHECK(Parse(R"({"block":"Y","se_ratio":0,)" + shape).frame.block == BlockType::kX);
  CHECK_THROWS_WITH(Parse(R"({"block":"R","se_ratio":0.25,)" + shape),
                    Catch::Contains("has no squeeze-and-excitation"));
}

TEST_CASE("every named model survives a round trip through JSON", "[model]") {
  for (const std::string& name : ModelNames()) {
    const Model model = NamedModel(name);
    const Model again = ParseModel(ParseJson(ModelToJson(model).dump(), name), name);
    CHECK(ModelToJson(again) == ModelToJson(model));
    CHECK(again.stages == model.stages);
    CHECK(again.frame == model.frame);
  }
}

TEST_CASE("a wrong model document is refused with the path of what is wrong", "[model]") {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {R"([1])", "m.json: must be a JSON object, not a list"},
      {R"({"widths":[8]})", "m.json: the key 'depths' is missing"},
      {R"({"depths":2,"widths":8})", "m.json: depths must be a list with a number for each stage"},
      {R"({"depths":[1,2],"widths":[8]})", "m.json: widths has 1 numbers where 'depths' has 2"},
      {R"({"depths":[1],"widths":[8.5]})",
       "m.json: widths[0] must be a whole number from 1 to 16384, not 8.5"},
      {R"({"depths":[0],"widths":[8]})",
       "m.json: depths[0] must be a whole number from 1 to 512, not 0"},
      {R"({"depths":[1],"widths":[8],"group_width":4})",
       "m.json: unknown key 'group_width', did you mean 'group_widths'?"},
      {R"({"block":"V","depths":[1],"widths":[8],"bottleneck":1})",
       "m.json: unknown key 'bottleneck'"},
      {R"({"block":"Z","depths":[1],"widths":[8]})",
       "m.json: block is 'Z', which is none of X, Y, R, V, VR, Basic, MBConv, did you mean 'X'?"},
      {R"({"depths":[1],"widths":[8],"bottleneck":0.3})",
       "m.json: the bottleneck ratio 0.3 is neither a whole number up to 64 nor one over such a "
       "number (0.25)"},
      {R"({"depths":[1],"widths":[8],"resolution":"224"})",
       "m.json: resolution must be a whole number from 8 to 1024, not the text \"224\""},
      {R"({"type":"regnet","depth":22,"w0":24,"wa":24.48,"wm":1})",
       "m.json: wm must be a number from 1.0001 to 100, not 1"},
  };
  for (const Row& row : rows) CHECK_THROWS_WITH(Parse(row.text), row.message);
}

TEST_CASE("an unknown model name is answered with the nearest one", "[model]") {
  CHECK_THROWS_WITH(NamedModel("regnetx-400m"),
                    "no model is named 'regnetx-400m', did you mean 'regnetx-400mf'?");
  CHECK(NamedModel("RegNetX_400MF").name == "regnetx-400mf");
}

TEST_CASE("overrides survive a round trip and absent ones stay absent", "[model]") {
  CHECK(OverridesToJson({}).dump() == "{}");
  const Overrides overrides{0.1, 5e-5};
  CHECK(ParseOverrides(OverridesToJson(overrides), "o") == overrides);
  CHECK_THROWS_WITH(ParseOverrides(Json{{"rate", 1}}, "o"), Catch::Contains("unknown key 'rate'"));
  // Bounds are those of recipes: a member that cannot be trained is refused where it comes from.
  CHECK(ParseOverrides(Json{{"lr", 1000}, {"weight_decay", 1}}, "o") == Overrides{1000, 1});
  CHECK_THROWS_WITH(ParseOverrides(Json{{"lr", 1001}}, "o"), Catch::Contains("o: lr must be"));
  CHECK_THROWS_WITH(ParseOverrides(Json{{"lr", 0}}, "o"), Catch::Contains("o: lr must be"));
  CHECK_THROWS_WITH(ParseOverrides(Json{{"weight_decay", 1.5}}, "o"),
                    Catch::Contains("o: weight_decay must be"));
}

}  // namespace
}  // namespace dse::model_test
