#include "runner/training/weight_differences.h"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/named_models.h"
#include "runner/training/weights_metadata.h"

namespace dse::weight_differences_test {
namespace {

using Catch::Matchers::Contains;

Model ModelOf(const std::string& text) { return ParseModel(ParseJson(text, "test"), "test"); }

Model Changed(const char* name, const std::function<void(Frame&)>& change) {
  Model model = NamedModel(name);
  change(model.frame);
  return model;
}

// The statements for torchvision, one a line.
std::string Mends(const Model& model, WeightNames names = WeightNames::kTorchvision) {
  std::string text;
  for (const WeightDifference& one : LibraryDifferences(model, names)) text += one.python + "\n";
  return text;
}

}  // namespace

// What torchvision 0.26 builds is compared by tests/peers/compare.py, with these statements.
TEST_CASE("networks that the libraries have alike need no mending") {
  for (const char* name : {"regnetx-800mf", "regnety-400mf", "resnet-50", "resnext-50",
                           "efficientnet-b0", "efficientnet-b4"}) {
    CAPTURE(name);
    CHECK(Mends(NamedModel(name)).empty());
    CHECK(DescribeNetwork(NamedModel(name), WeightNames::kTorchvision).at("differences") == "[]");
  }
  CHECK(Mends(NamedModel("regnety-800mf"), WeightNames::kTimm).empty());
}

TEST_CASE("the epsilon of torchvision's EfficientNet-B5 is mended, whatever the classes") {
  Model model = NamedModel("efficientnet-b5");
  model.frame.classes = 7;
  CHECK(
      Mends(model) ==
      "[setattr(m, 'eps', 1e-5) for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]\n");
  const WeightsMetadata metadata = DescribeNetwork(model, WeightNames::kTorchvision);
  CHECK_THAT(metadata.at("after_loading"), Contains("'eps', 1e-5"));
  CHECK(metadata.at("batch_norm_epsilon") == "1e-05");
  CHECK(metadata.at("activation") == "swish");
  const Model again = ParseModel(ParseJson(metadata.at("model"), "metadata"), "metadata");
  CHECK(ModelHash(again) == ModelHash(model));
}

TEST_CASE("another activation than the library's is mended") {
  const auto swish = [](Frame& frame) { frame.activation = Activation::kSwish; };
  const auto relu = [](Frame& frame) { frame.activation = Activation::kRelu; };
  CHECK_THAT(Mends(Changed("regnetx-400mf", swish)),
             Contains("torch.nn.SiLU()") && Contains("isinstance(c, torch.nn.ReLU)"));
  CHECK_THAT(Mends(Changed("resnet-50", swish)), Contains("torch.nn.SiLU()"));
  CHECK_THAT(Mends(Changed("efficientnet-b0", relu)),
             Contains("torch.nn.ReLU()") && Contains("isinstance(c, torch.nn.SiLU)"));
}

TEST_CASE("strides, which no key or shape shows, are mended") {
  const Model small = ModelOf(R"({"type":"anynet","block":"X","stem":"cifar","stem_width":16,
    "resolution":32,"classes":10,"depths":[1,2],"widths":[16,32],"group_widths":16,
    "strides":[2,1]})");
  CHECK(Mends(small) ==
        "[setattr(net.get_submodule(n), 'stride', (s, s)) for n, s in {'stem.0': 1, "
        "'trunk_output.block2.block2-0.f.b.0': 1, 'trunk_output.block2.block2-0.proj.0': "
        "1}.items()]\n");
  // Without a stride and with equal widths ours has no projection: the keys differ anyway.
  const Model keys = ModelOf(R"({"type":"anynet","block":"X","stem":"cifar","stem_width":16,
    "resolution":32,"classes":10,"depths":[1],"widths":[16],"group_widths":16,"strides":[1]})");
  CHECK(Mends(keys).empty());
}

TEST_CASE("networks that no library has are left alone") {
  const Model plain = ModelOf(R"({"type":"anynet","block":"V","stem":"cifar","stem_width":16,
    "resolution":32,"classes":10,"depths":[1],"widths":[16],"activation":"swish"})");
  CHECK(Mends(plain).empty());
  const Model narrow = ModelOf(R"({"type":"anynet","block":"R","stem":"resnet","stem_width":64,
    "resolution":64,"classes":10,"depths":[1,1],"widths":[64,128],"activation":"swish"})");
  CHECK(Mends(narrow).empty());
}

TEST_CASE("a kind of difference is told once, with the first network and how many more have it") {
  std::vector<Model> models{NamedModel("efficientnet-b5"), NamedModel("regnetx-400mf"),
                            NamedModel("efficientnet-b5")};
  models[2].name = "another";
  const std::vector<std::string> told = TellDifferences(models, WeightNames::kTorchvision);
  REQUIRE(told.size() == 1);
  CHECK_THAT(told[0], Contains("kept weights of efficientnet-b5 and of 1 more") &&
                          Contains("epsilon of 1e-3") && Contains("'eps', 1e-5"));
}

TEST_CASE("weights that timm has no name for, or computes otherwise, are refused beforehand") {
  CHECK_NOTHROW(CheckWeightNames(NamedModel("regnety-800mf"), WeightNames::kTimm));
  CHECK_NOTHROW(CheckWeightNames(NamedModel("resnet-50"), WeightNames::kTorchvision));
  CHECK_THROWS_WITH(CheckWeightNames(NamedModel("resnet-50"), WeightNames::kTimm),
                    Contains("network 'resnet-50' has no names in timm"));
  const Model swish =
      Changed("regnety-400mf", [](Frame& frame) { frame.activation = Activation::kSwish; });
  CHECK_THROWS_WITH(CheckWeightNames(swish, WeightNames::kTimm),
                    Contains("has the activation swish and timm's RegNets have ReLU"));
  CHECK_NOTHROW(PublishedName(swish, WeightNames::kTimm, "stem.0.weight"));  // older files are read
}

TEST_CASE("class names of metadata are a list of texts, and bytes that are no text are marked") {
  const std::vector<std::string> names{"caf\xC3\xA9", "b\xE9t\xE9"};
  CHECK(ReadClassNames({{kClassNames, NamesToText(names)}}, "w") ==
        std::vector<std::string>{"caf\xC3\xA9", AsUtf8("b\xE9t\xE9")});
  CHECK(IsUtf8(AsUtf8("b\xE9t\xE9")));
  CHECK(ReadClassNames({}, "w").empty());
  for (const char* text : {"{\"a\":\"b\"}", "[1]", "\"a\"", "5"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(ReadClassNames({{kClassNames, text}}, "w"), Contains("no list of texts"));
  }
}

}  // namespace dse::weight_differences_test
