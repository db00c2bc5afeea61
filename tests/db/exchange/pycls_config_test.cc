// Networks in the words of pycls, both ways. The options were read from pycls' documentation and
// checked against its own loader by tests/peers/pycls_configs.py.

#include "db/exchange/pycls_config.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/complexity.h"
#include "core/named_models.h"
#include "db/exchange/pycls_model.h"
#include "db/exchange/pycls_training.h"

namespace dse::pycls_config_test {
namespace {

using Catch::Matchers::Contains;

Model Parse(const std::string& text) { return ParseModel(ParseJson(text, "test"), "test"); }

Model Small(const std::string& block, const std::string& more) {
  return Parse(R"({"stem":"cifar","resolution":32,"classes":10,"depths":[2,4],"widths":[16,32],)"
               R"("block":")" +
               block + "\"" + more + "}");
}

// What comes back from pycls.
Model ThereAndBack(const Model& model) {
  const PyclsConfig config = PyclsConfigOf(model);
  INFO(config.why_not);
  REQUIRE(config.config);
  const PyclsModel back = ModelOfPycls(*config.config);
  INFO(back.why_not);
  REQUIRE(back.model);
  return *back.model;
}

TEST_CASE("pycls has every named model, and it comes back the same") {
  for (const std::string& name : ModelNames()) {
    const Model model = NamedModel(name);
    const Model back = ThereAndBack(model);
    INFO(name);
    CHECK(ModelHash(back) == ModelHash(model));
    CHECK(CountComplexity(back) == CountComplexity(model));
    CHECK(back.regnet == model.regnet);
  }
}

TEST_CASE("every block with an equivalent comes back from pycls as it went") {
  for (const Model& model :
       {Small("X", R"(,"bottleneck":[2,1],"group_widths":[4,16])"),
        Small("X", R"(,"bottleneck":0.25,"group_widths":8)"),
        Small("Y", R"(,"bottleneck":[1,4],"group_widths":8,"se_ratio":0.5)"),
        Small("R", R"(,"bottleneck":4)"), Small("V", ""), Small("Basic", R"(,"strides":[2,2])"),
        Small("V", R"(,"activation":"swish")"),
        Parse(
            R"({"block":"MBConv","resolution":64,"depths":[1,2],"widths":[16,24],"head_width":64,)"
            R"("kernels":[3,5],"expansions":[1,6],"se_ratio":0.5})")}) {
    INFO(ModelToJson(model).dump());
    CHECK(ModelHash(ThereAndBack(model)) == ModelHash(model));
  }
}

TEST_CASE("options are those of pycls: multipliers are 1/b, a vanilla block is two of V") {
  const Json x = *PyclsConfigOf(Small("X", R"(,"bottleneck":[4,0.5],"group_widths":4)")).config;
  CHECK(x.at("MODEL") == Json({{"TYPE", "anynet"}, {"NUM_CLASSES", 10}}));
  CHECK(x.at("ANYNET").at("BLOCK_TYPE") == "res_bottleneck_block");
  CHECK(x.at("ANYNET").at("STEM_TYPE") == "res_stem_cifar");
  CHECK(x.at("ANYNET").at("BOT_MULS").dump() == "[0.25,2.0]");
  CHECK(x.at("ANYNET").at("GROUP_WS").dump() == "[4,4]");
  CHECK(x.at("TRAIN").at("IM_SIZE") == 32);
  const Json v = *PyclsConfigOf(Small("V", "")).config;
  CHECK(v.at("ANYNET").at("BLOCK_TYPE") == "vanilla_block");
  CHECK(v.at("ANYNET").at("DEPTHS").dump() == "[1,2]");
  const Json r = *PyclsConfigOf(Small("R", R"(,"bottleneck":4)")).config;
  CHECK(r.at("ANYNET").at("GROUP_WS").dump() == "[4,8]");  // the whole inner widths
}

TEST_CASE("networks that pycls has not are refused with the reason") {
  CHECK(PyclsConfigOf(Small("VR", "")).why_not == "pycls has no block VR");
  CHECK_THAT(PyclsConfigOf(Parse(R"({"block":"V","depths":[2,3],"widths":16})")).why_not,
             Contains("a depth is odd"));
  CHECK_THAT(
      PyclsConfigOf(Small("MBConv", R"(,"head_width":64,"kernels":3,"expansions":6)")).why_not,
      Contains("3x3 stem of stride 2"));
  CHECK_THAT(PyclsConfigOf(Small("Y", R"(,"se_ratio":0.01)")).why_not, Contains("to no channels"));
}

// A configuration of type regnet with the values of RegNetX-200MF.
Json RegNetConfig() {
  return Json::parse(R"({"MODEL":{"TYPE":"regnet","NUM_CLASSES":1000},"REGNET":{"DEPTH":13,"W0":24,
      "WA":36.44,"WM":2.49,"GROUP_W":8,"BOT_MUL":1.0}})");
}

TEST_CASE(
    "a RegNet of pycls is the network of the paper, with its defaults where keys are absent") {
  const PyclsModel x = ModelOfPycls(RegNetConfig());
  INFO(x.why_not);
  REQUIRE(x.model);
  CHECK(ModelHash(*x.model) == ModelHash(NamedModel("regnetx-200mf")));
  CHECK(x.model->regnet == NamedModel("regnetx-200mf").regnet);
  Json y = RegNetConfig();
  y["REGNET"]["SE_ON"] = true;
  CHECK(ModelHash(*ModelOfPycls(y).model) == ModelHash(NamedModel("regnety-200mf")));
}

TEST_CASE("levels of equal width are one stage, as pycls joins them") {
  // w0 = 8, wa = 1, wm = 1.5: levels 8, 12 and 18 for u = 8..15; rounded half-even to multiples of
  // 8: 8, 16 (12/8 = 1.5 -> 2) and 16 (18/8 = 2.25 -> 2).
  // s = log(u/8)/log(1.5): u = 8, 9 -> 0; 10..14 -> 1 (14: 1.38); 15 -> 1.55 -> 2.
  Json config = RegNetConfig();
  config["REGNET"] = {{"DEPTH", 8}, {"W0", 8}, {"WA", 1.0}, {"WM", 1.5}, {"GROUP_W", 8}};
  const PyclsModel made = ModelOfPycls(config);
  INFO(made.why_not);
  REQUIRE(made.model);
  REQUIRE(made.model->stages.size() == 2);
  CHECK(made.model->stages[0].depth == 2);
  CHECK(made.model->stages[0].width == 8);
  CHECK(made.model->stages[1].depth == 6);
  CHECK(made.model->stages[1].width == 16);
}

TEST_CASE("configurations that are no network of ours come with the reason") {
  const auto why = [](const char* text) { return ModelOfPycls(Json::parse(text)).why_not; };
  CHECK_THAT(why(R"({"MODEL":{"TYPE":"vit"}})"), Contains("'vit', none of anynet"));
  CHECK_THAT(why("{}"), Contains("cfg.MODEL.TYPE is ''"));
  CHECK_THAT(why(R"({"MODEL":[]})"), Contains("cfg.MODEL: must be a JSON object"));
  const std::string anynet = R"({"MODEL":{"TYPE":"anynet"},"ANYNET":{"DEPTHS":[1],"WIDTHS":[16],)";
  const std::string rest = R"("STRIDES":[2],"BOT_MULS":[1.0],"GROUP_WS":[8])";
  CHECK(why((anynet + rest + "}}").c_str()).empty());
  CHECK_THAT(why((anynet + rest + R"(,"HEAD_W":64}})").c_str()), Contains("HEAD_W is above 0"));
  CHECK_THAT(why((anynet + R"("STRIDES":[2,2]}})").c_str()),
             Contains("STRIDES has 2 numbers for 1 stages"));
  CHECK_THAT(why((anynet + R"("STRIDES":[3],"BOT_MULS":[1],"GROUP_WS":[8]}})").c_str()),
             Contains("a stride is 3"));
  CHECK_THAT(why((anynet + R"("STRIDES":[2],"BOT_MULS":[1],"GROUP_WS":[5]}})").c_str()),
             Contains("do not divide each other"));
  CHECK_THAT(
      why((anynet + R"("STRIDES":[2],"BLOCK_TYPE":"res_bottleneck_linear_block"}})").c_str()),
      Contains("BLOCK_TYPE is 'res_bottleneck_linear_block'"));
  Json odd = RegNetConfig();
  odd["REGNET"]["W0"] = 1e300;
  CHECK_THAT(ModelOfPycls(odd).why_not, Contains("cfg.REGNET: W0"));
}

TEST_CASE("an AnyNet may have any rubbish in the section of RegNets") {
  Json config = *PyclsConfigOf(Small("X", R"(,"group_widths":8)")).config;
  config["REGNET"] = {{"DEPTH", -1}, {"W0", "x"}};
  CHECK(ModelOfPycls(config).model.has_value());
  CHECK_FALSE(ModelOfPycls(config).model->regnet);
}

TEST_CASE("a recipe is told in pycls' words, what it has none for by name") {
  const Json recipe = {
      {"epochs", 100},          {"batch_size", 1024},     {"lr", 0.1},
      {"schedule", "constant"}, {"warmup_epochs", 5},     {"optimizer", "sgd"},
      {"momentum", 0.9},        {"nesterov", true},       {"ema_decay", 0.99},
      {"drop_path", 0.2},       {"weight_decay_norm", 0}, {"weight_decay_bias", nullptr},
      {"mixup", 0.2},           {"precise_bn_images", 0}};
  const PyclsTraining training = PyclsTrainingOf(recipe, {0.2, 5e-5});
  const Json& optim = training.config.at("OPTIM");
  CHECK(optim.at("BASE_LR") == 1.6);  // 0.2 per 128 images, at 1024
  CHECK(optim.at("WEIGHT_DECAY") == 5e-5);
  CHECK(optim.at("LR_POLICY") == "steps");
  CHECK(optim.at("STEPS").dump() == "[0]");
  CHECK(optim.at("WARMUP_EPOCHS").dump() == "5");
  CHECK(optim.at("EMA_ALPHA").get<double>() == Approx(0.01 * 100 / 1024));
  CHECK_FALSE(optim.contains("BIAS_CUSTOM_WEIGHT_DECAY"));
  CHECK(training.config.at("TRAIN").dump() == R"({"BATCH_SIZE":1024,"MIXUP_ALPHA":0.2})");
  CHECK(training.config.at("BN").dump() ==
        R"({"CUSTOM_WEIGHT_DECAY":0.0,"USE_CUSTOM_WEIGHT_DECAY":true,"USE_PRECISE_STATS":false})");
  CHECK(training.left_out == std::vector<std::string>{"drop_path"});
  CHECK(PyclsTrainingOf(Json::object(), {}).config.empty());
}

TEST_CASE("YAML keeps numbers numbers: PyYAML takes 5e-05 for a text") {
  const Json config = {{"DESC", "a \"b\"\n: c"},
                       {"OPTIM", {{"WEIGHT_DECAY", 5e-5}, {"BASE_LR", 1.0}, {"NESTEROV", true}}},
                       {"ANYNET", {{"DEPTHS", {1, 2}}, {"BOT_MULS", {0.5, 1e-7}}}}};
  CHECK(PyclsYaml(config) ==
        "ANYNET:\n  BOT_MULS: [0.5, 1.0e-07]\n  DEPTHS: [1, 2]\n"
        "DESC: \"a \\\"b\\\"\\n: c\"\n"
        "OPTIM:\n  BASE_LR: 1.0\n  NESTEROV: true\n  WEIGHT_DECAY: 5.0e-05\n");
}

}  // namespace
}  // namespace dse::pycls_config_test
