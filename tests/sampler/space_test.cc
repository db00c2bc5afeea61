#include "sampler/space.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse::space_test {
namespace {

Space FromText(const std::string& text, const SpaceOptions& options = {}) {
  return Space::FromDocument(ParseJson(text, "test"), "s.json", options);
}

std::string ErrorOf(const std::string& text, const SpaceOptions& options = {}) {
  try {
    FromText(text, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string LoadError(const std::string& name, const SpaceOptions& options = {}) {
  try {
    Space::Load(name, options);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("A document takes over what it extends, key by key") {
  const Space space = FromText(R"json({
    "name": "MySpace", "extends": "any_net_xc", "resolution": 128,
    "parameters": {"width": {"distribution": "uniform", "low": 8, "high": 512, "step": 8},
                   "bottleneck": 1,
                   "lr": {"distribution": "log_uniform", "low": 0.01, "high": 1}},
    "constraints": [{"non_decreasing": "width"}, {"shared": "bottleneck"},
                    {"total_depth": [12, 28]}]})json");
  const Json& document = space.document();
  CHECK(space.name() == "MySpace");
  CHECK_FALSE(document.contains("extends"));
  CHECK(document["resolution"] == 128);
  CHECK(document["parameters"]["width"]["high"] == 512);
  CHECK(document["parameters"]["bottleneck"] == 1);
  CHECK(document["parameters"]["lr"]["low"] == 0.01);
  CHECK(document["parameters"]["depth"]["high"] == 16);
  CHECK(document["constraints"] ==
        ParseJson(R"([{"shared": "bottleneck"}, {"shared": "group_width"},
                      {"non_decreasing": "width"}, {"total_depth": [12, 28]}])",
                  "test"));
}

TEST_CASE("A resolved document stands alone and means the same space") {
  for (const char* name : {"AnyNetXE", "RegNetX-final", "AnyNetVRD", "RegNetY"}) {
    const Space space = Space::Load(name, {.resolution = 32, .stem = "cifar"});
    const Space again = Space::FromDocument(space.document(), "copy");
    CHECK(again.document() == space.document());
    CHECK(again.StreamKeyFor(5) == space.StreamKeyFor(5));
  }
}

TEST_CASE("Options replace members, and defaults follow the stem") {
  SpaceOptions options;
  options.resolution = 32;
  options.classes = 10;
  options.stages = 3;
  options.stem = "cifar";
  options.activation = "swish";
  const Json cifar = Space::Load("AnyNetXA", options).document();
  CHECK(cifar["resolution"] == 32);
  CHECK(cifar["classes"] == 10);
  CHECK(cifar["stages"] == 3);
  CHECK(cifar["stem"] == "cifar");
  CHECK(cifar["stem_width"] == 16);
  CHECK(cifar["strides"] == Json{1, 2, 2});
  CHECK(cifar["activation"] == "swish");
  CHECK(Space::Load("RegNetX", {.stem_width = 24}).document()["stem_width"] == 24);
}

TEST_CASE("The random stream depends on the seed and the meaning of a document, not on its name") {
  const Space space = Space::Load("AnyNetXA");
  const uint64_t key = space.StreamKeyFor(1);
  CHECK(space.StreamKeyFor(2) != key);
  CHECK(FromText(R"({"name": "other", "extends": "AnyNetXA"})").StreamKeyFor(1) == key);
  CHECK(FromText(R"({"extends": "AnyNetXA", "resolution": 224.0})").StreamKeyFor(1) == key);
  CHECK(Space::Load("AnyNetXA", {.resolution = 224}).StreamKeyFor(1) == key);
  CHECK(Space::Load("AnyNetXA", {.resolution = 225}).StreamKeyFor(1) != key);
  CHECK(Space::Load("AnyNetXA", {.classes = 10}).StreamKeyFor(1) != key);
  CHECK(Space::Load("AnyNetXB").StreamKeyFor(1) != key);
  // Without bottlenecks there is nothing to share: the same space under two names.
  CHECK(Space::Load("AnyNetVA").StreamKeyFor(1) == Space::Load("AnyNetVB").StreamKeyFor(1));
}

TEST_CASE("A space file may extend another one, named from its own folder") {
  const TempFolder folder;
  folder.Write("base.json", R"({"extends": "AnyNetXB", "resolution": 64})");
  const std::string middle =
      folder.Write("deep/middle.json", R"({"extends": "../base.json", "classes": 7})");
  const Space space = Space::Load(middle);
  CHECK(space.name() == "middle");
  CHECK(space.document()["resolution"] == 64);
  CHECK(space.document()["classes"] == 7);
  CHECK(space.document()["constraints"].size() == 1);
}

TEST_CASE("Extending in a circle is an error that shows the circle") {
  const TempFolder folder;
  const std::string a = folder.Write("a.json", R"({"extends": "b.json"})");
  const std::string b = folder.Write("b.json", R"({"extends": "./a.json"})");
  const std::string message = LoadError(a);
  CHECK_THAT(message, Catch::Contains("'extends' goes in a circle: "));
  CHECK_THAT(message, Catch::Contains("a.json -> ") && Catch::Contains("b.json -> ") &&
                          Catch::EndsWith("a.json"));
  const std::string self = folder.Write("self.json", R"({"extends": "self.json"})");
  CHECK_THAT(LoadError(self), Catch::Contains("goes in a circle"));
}

TEST_CASE("A name that is neither a space nor a file is an error with the nearest name") {
  CHECK(LoadError("AnyNetXAA") ==
        "there is no space and no file named 'AnyNetXAA', did you mean 'AnyNetXA'?");
  CHECK_THAT(LoadError("nowhere/space.json"), Catch::StartsWith("nowhere/space.json: "));
  CHECK(ErrorOf(R"({"extends": "RegNetZ"})") ==
        "s.json: extends: there is no space and no file named 'RegNetZ', did you mean 'RegNetX'?");
  CHECK(ErrorOf(R"({"extends": 3})") ==
        "s.json: extends must be the name of a space or a file, not 3");
  const TempFolder folder;
  CHECK_THAT(LoadError(folder.Write("bad.json", "{\"name\": }")),
             Catch::Contains("bad.json:1:10: not valid JSON"));
  CHECK_THAT(LoadError(folder.Write("list.json", "[]")),
             Catch::EndsWith("list.json: must be a JSON object"));
}

TEST_CASE("A wrong member of a document is refused with its path") {
  const auto extended = [](const std::string& members) {
    return ErrorOf(R"({"extends": "AnyNetXA", )" + members + "}");
  };
  CHECK(extended(R"("resolutoin": 64)") ==
        "s.json: unknown key 'resolutoin', did you mean 'resolution'?");
  CHECK(extended(R"("parameters": {"widht": 8})") ==
        "s.json: parameters: unknown key 'widht', did you mean 'width'?");
  CHECK(extended(R"("parameters": {"width": {"distribution": "uniform", "low": 8}})") ==
        "s.json: parameters.width: the key 'high' is missing");
  CHECK(extended(R"("parameters": {"w0": 8})") == "s.json: parameters: unknown key 'w0'");
  CHECK(extended(R"("parameters": [])") == "s.json: parameters: must be a JSON object, not a list");
  CHECK(extended(R"("constraints": {})") == "s.json: constraints must be a list");
  CHECK(extended(R"("constraints": [{"shared": "bottleneck"}, {"equal": "group_width"}])") ==
        "s.json: constraints[1].equal is 'group_width', which is none of depth, width");
  CHECK(extended(R"("type": "regnet")") ==
        "s.json: type cannot be changed: the space it extends is of type anynet");
  CHECK(extended(R"("block": "MBConv")") == "s.json: parameters: the key 'kernel' is missing");
  CHECK(extended(R"("stem": "simpel")") ==
        "s.json: stem is 'simpel', which is none of simple, cifar, resnet, efficientnet, did you "
        "mean 'simple'?");
  CHECK(extended(R"("stages": 9)") == "s.json: stages must be a whole number from 1 to 8, not 9");
  CHECK(extended(R"("strides": [2, 2])") ==
        "s.json: strides must be a list of 4 numbers, one for each stage, not [2,2]");
  CHECK(extended(R"("strides": [1, 2, 2, 3])") ==
        "s.json: strides must hold the numbers 1 and 2 alone, not 3");
  CHECK(extended(R"("block": "R", "parameters": {"group_width": 8})") ==
        "s.json: parameters.group_width has no meaning: block R has no group_width");
  CHECK(extended(R"("block": "V", "constraints": [{"shared": "bottleneck"}])") ==
        "s.json: constraints[0].shared has no meaning: block V has no bottleneck");
  CHECK(ErrorOf(R"({"extends": "RegNetX", "constraints": [{"shared": "bottleneck"}]})") ==
        "s.json: constraints[0].shared has no meaning: a regnet draws each parameter once");
  CHECK(ErrorOf(R"({"type": "anynet", "parameters": {"depth": 1, "width": 8, "bottleneck": 1}})") ==
        "s.json: parameters: the key 'group_width' is missing");
  CHECK(
      ErrorOf(R"({"type": "resnet", "parameters": {}})") ==
      "s.json: type is 'resnet', which is none of anynet, regnet, models, did you mean 'regnet'?");
  CHECK(ErrorOf("{}") == "s.json: the key 'type' is missing");
  CHECK(ErrorOf("[]") == "s.json: must be a JSON object");
  CHECK(LoadError("AnyNetXA", {.resolution = 5000}) ==
        "space AnyNetXA: resolution must be a whole number from 8 to 1024, not 5000");
}

TEST_CASE("A file whose base has the wrong shape is refused, not misread") {
  const TempFolder folder;
  const std::string members = R"("parameters": {"depth": 1}, "constraints": [{"equal": "width"}]})";
  folder.Write("parameters.json", R"({"extends": "AnyNetXA", "parameters": 3})");
  folder.Write("constraints.json", R"({"extends": "AnyNetXA", "constraints": "none"})");
  CHECK_THAT(LoadError(folder.Write("a.json", R"({"extends": "parameters.json", )" + members)),
             Catch::EndsWith("parameters.json: parameters: must be a JSON object, not a number"));
  CHECK_THAT(LoadError(folder.Write("b.json", R"({"extends": "constraints.json", )" + members)),
             Catch::EndsWith("constraints.json: constraints must be a list"));
}

TEST_CASE("A mistake is placed in the file that made it, counted as that file counts") {
  const TempFolder folder;
  folder.Write("base.json", R"({"extends": "AnyNetXC", "constraints": [{"equal": "w"}]})");
  CHECK_THAT(LoadError(folder.Write("a.json", R"({"extends": "base.json"})")),
             Catch::Contains("base.json: constraints[0].equal is 'w'"));
  // AnyNetXC brings two constraints of its own.
  CHECK_THAT(ErrorOf(R"({"extends": "AnyNetXC", "constraints": [{"equal": "w"}]})"),
             Catch::StartsWith("s.json: constraints[0].equal is 'w'"));
}

TEST_CASE("Inherited constraints can be removed") {
  const Space space = FromText(R"({"extends": "AnyNetXE", "remove_constraints": [
      {"shared": "group_width"}, {"non_decreasing": "depth"}]})");
  CHECK(space.document()["constraints"] ==
        ParseJson(R"([{"shared": "bottleneck"}, {"non_decreasing": "width"}])", "test"));
  CHECK(FromText(R"({"extends": "AnyNetXB", "remove_constraints": [{"shared": "bottleneck"}]})")
            .StreamKeyFor(1) == Space::Load("AnyNetXA").StreamKeyFor(1));
  CHECK(ErrorOf(R"({"extends": "AnyNetXB", "remove_constraints": [{"shared": "width"}]})") ==
        "s.json: remove_constraints[0] is not among the inherited constraints, which are "
        "[{\"shared\":\"bottleneck\"}]");
}

TEST_CASE("A parameter may have a law for each stage") {
  const std::string text = R"({"extends": "AnyNetXA", "parameters": {"width": [16, 32,
      {"distribution": "choice", "values": [64, 96]}, 128]}})";
  CHECK(FromText(text).document()["parameters"]["width"] ==
        ParseJson(R"([16, 32, {"distribution": "choice", "values": [64, 96]}, 128])", "test"));
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "parameters": {"width": [16, 32]}})") ==
        "s.json: parameters.width has 2 entries for 4 stages");
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "parameters": {"width": [16, 32, 0, 8]}})") ==
        "s.json: parameters.width[2] must be a number from 1 to 16384, not 0");
  CHECK(ErrorOf(R"({"extends": "AnyNetXB", "parameters": {"bottleneck": [1, 1, 2, 2]}})") ==
        "s.json: parameters.bottleneck is a list with an entry for each stage, but a constraint "
        "shares it");
  CHECK(ErrorOf(R"({"extends": "RegNetX", "parameters": {"depth": [1, 2]}})") ==
        "s.json: parameters.depth must not be a list: the network has one depth");
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "parameters": {"lr": [0.1]}})") ==
        "s.json: parameters.lr must not be a list: the network has one lr");
}

TEST_CASE("w0 and wa may be the same") {
  const Space space =
      FromText(R"({"extends": "RegNetX", "parameters": {"wa": {"same_as": "w0"}}})");
  CHECK(space.document()["parameters"]["wa"] == Json{{"same_as", "w0"}});
  CHECK(ErrorOf(R"({"extends": "RegNetX", "parameters": {"wm": {"same_as": "w0"}}})") ==
        "s.json: parameters.wm.same_as: only w0 and wa can be the same as each other");
  CHECK(ErrorOf(R"({"extends": "RegNetX", "parameters": {"wa": {"same_as": "w0"},
                    "w0": {"same_as": "wa"}}})") ==
        "s.json: parameters: w0 and wa are each the same as the other; give one of them a law");
  CHECK(ErrorOf(R"({"extends": "RegNetX", "parameters": {"wa": 4, "w0": {"same_as": "wa"}}})") ==
        "s.json: parameters.wa may be below 8, which w0, the same, may not");
}

TEST_CASE("Resolution and stages may be lists, without repetition") {
  const Space space =
      FromText(R"({"extends": "AnyNetXA", "resolution": [224, 160], "stages": [3, 5]})");
  CHECK(space.document()["resolution"] == Json{224, 160});
  CHECK(space.document()["stages"] == Json{3, 5});
  CHECK(space.document()["strides"] == Json{2, 2, 2, 2, 2});
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "resolution": [224, 224]})") ==
        "s.json: resolution must be a whole number from 8 to 1024 or a list of different ones, not "
        "[224,224]");
  CHECK_THAT(ErrorOf(R"({"extends": "AnyNetXA", "stages": []})"),
             Catch::StartsWith("s.json: stages must be a whole number from 1 to 8 or a list"));
}

TEST_CASE("What belongs to one block alone is refused for another") {
  CHECK(FromText(R"({"extends": "AnyNetYA", "se_ratio": 0.5})").document()["se_ratio"] == 0.5);
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "se_ratio": 0.5})") ==
        "s.json: se_ratio has no meaning: block X has no squeeze-and-excitation (Y has)");
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "head_width": 64})") ==
        "s.json: head_width has no meaning: block X has no head of its own (MBConv has)");
  CHECK(ErrorOf(R"({"extends": "AnyNetXA", "parameters": {"kernel": 3}})") ==
        "s.json: parameters.kernel has no meaning: block X has no kernel");
}

TEST_CASE("A space of MBConv blocks has their defaults") {
  const Json document = FromText(R"({"type": "anynet", "block": "MBConv", "stages": 7,
      "parameters": {"depth": 1, "width": 16, "expansion": 6,
                     "kernel": {"distribution": "choice", "values": [3, 5]}}})")
                            .document();
  CHECK(document["stem"] == "efficientnet");
  CHECK(document["activation"] == "swish");
  CHECK(document["se_ratio"] == 0.25);
  CHECK(document["head_width"] == 1280);
  CHECK(ErrorOf(R"({"type": "anynet", "block": "MBConv",
      "parameters": {"depth": 1, "width": 16, "expansion": 6, "kernel": 4}})") ==
        "s.json: parameters.kernel would give 4, but must be an odd whole number");
}

TEST_CASE("A RegNet of MBConv blocks with the expansion of EfficientNets is not too large") {
  const Json document = FromText(R"({"type": "regnet", "block": "MBConv", "parameters": {
      "depth": 10, "w0": 16, "wa": 8, "wm": 2, "kernel": 5, "expansion": 6}})")
                            .document();
  CHECK(document["parameters"]["expansion"] == 6);
}

TEST_CASE("A list of models is a space") {
  const Space space = FromText(R"json({"type": "models",
      "models": ["RegNetX-400MF", {"name": "mine", "block": "V", "depths": [1], "widths": [8]}],
      "classes": 10, "resolution": [32, 64],
      "parameters": {"lr": {"distribution": "log_uniform", "low": 0.01, "high": 1}}})json");
  const Json& models = space.document()["models"];
  REQUIRE(models.size() == 4);
  CHECK(models[0]["name"] == "regnetx-400mf at 32 px");
  CHECK(models[1]["resolution"] == 64);
  CHECK(models[3]["classes"] == 10);
  const Space again = Space::FromDocument(space.document(), "copy");
  CHECK(again.document() == space.document());
  const auto error = [](const std::string& list) {
    return ErrorOf(R"({"type": "models", "models": )" + list + "}");
  };
  CHECK(error(R"(["regnetx-400fm"])") ==
        "s.json: models[0]: no model is named 'regnetx-400fm', did you mean 'regnetx-400mf'?");
  CHECK_THAT(error(R"([{"block": "X"}])"), Catch::StartsWith("s.json: models[0]: "));
  CHECK(error(R"(["resnet-50", "ResNet50"])") ==
        "s.json: models lists the network resnet-50 twice");
  CHECK_THAT(error("[]"), Catch::StartsWith("s.json: models must be a list of 1 to 10000 names"));
  CHECK(ErrorOf(R"({"type": "models"})") == "s.json: the key 'models' is missing");
  CHECK(ErrorOf(R"({"type": "models", "models": ["resnet-50"], "stem": "cifar"})") ==
        "s.json: unknown key 'stem'");
  CHECK(ErrorOf(R"({"type": "models", "models": ["resnet-50"],
                    "constraints": [{"total_depth": [1, 3]}]})") ==
        "s.json: none of the models keeps the constraints");
}

TEST_CASE("Constraints that no network keeps are refused before anything is drawn") {
  const auto any = [](const std::string& members) {
    return ErrorOf(R"({"extends": "AnyNetXA", )" + members + "}");
  };
  CHECK(any(R"("constraints": [{"total_depth": [65, 99]}])") ==
        "s.json: no network can keep the constraint {\"total_depth\":[65,99]}: they have 4 to 64 "
        "blocks");
  CHECK(any(R"("constraints": [{"total_depth": [4, 10]}, {"total_depth": [11, 20]}])") ==
        "s.json: no network can keep the constraint {\"total_depth\":[11,20]}: they have 4 to 10 "
        "blocks");
  // Depths 3, 1: they fall.
  CHECK_THAT(any(R"("stages": 2, "parameters": {"depth": [3, 1]},
                   "constraints": [{"non_decreasing": "depth"}])"),
             Catch::StartsWith("s.json: no network can keep the constraint "
                               "{\"non_decreasing\":\"depth\"}: nothing that stage "));
  CHECK_THAT(any(R"("stages": 2, "parameters": {"depth": [1, 3]},
                   "constraints": [{"non_increasing": "depth"}])"),
             Catch::Contains("no network can keep the constraint"));
  CHECK_THAT(any(R"("stages": 2, "parameters": {"width": [64, 128]},
                   "constraints": [{"equal": "width"}])"),
             Catch::Contains("no network can keep the constraint {\"equal\":\"width\"}"));
  // Non-decreasing and non-increasing together leave equal depths: 2 * 1 or 2 * 4 blocks.
  CHECK(any(R"("stages": 2, "parameters": {"depth": {"distribution": "choice", "values": [1, 4]}},
               "constraints": [{"non_decreasing": "depth"}, {"non_increasing": "depth"}])") ==
        "no error");
  CHECK(ErrorOf(R"({"extends": "RegNetX", "parameters": {"depth": 3}})") ==
        "s.json: no network has 4 stages: the depth is at most 3");
  CHECK_THAT(ErrorOf(R"({"extends": "RegNetX", "constraints": [{"total_depth": [64, 70]}]})"),
             Catch::Contains("they have 1 to 63 blocks"));
}

TEST_CASE("A space whose networks could overflow the counts is refused") {
  const std::string message = ErrorOf(R"({"type": "anynet", "block": "Basic", "stages": 8,
      "resolution": 1024, "parameters": {"depth": 512, "width": 16384}})");
  CHECK(message == "s.json: the largest networks: the network is too large to count in 63 bits");
  // The largest of several resolutions counts, wherever it stands.
  for (const char* resolutions : {"[8, 224]", "[224, 8]", "[8, 1024]", "[1024, 8, 16]"}) {
    INFO(resolutions);
    CHECK(ErrorOf(std::string(R"({"type": "anynet", "block": "R", "stages": 8, "resolution": )") +
                  resolutions +
                  R"(, "parameters": {"depth": 512, "width": 16384, "bottleneck": 0.25}})") ==
          message);
  }
  CHECK(ErrorOf(R"({"type": "anynet", "block": "R", "stages": 8, "resolution": [8, 16],
      "parameters": {"depth": 512, "width": 16384, "bottleneck": 0.25}})") == "no error");
}

}  // namespace
}  // namespace dse::space_test
