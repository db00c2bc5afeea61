#include "sampler/space.h"

#include <catch2/catch.hpp>

#include "core/error.h"
#include "tests/support/temp_folder.h"

namespace dse {
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
  CHECK(extended(R"("parameters": [])") == "s.json: parameters must be a JSON object");
  CHECK(extended(R"("constraints": {})") == "s.json: constraints must be a list");
  CHECK(extended(R"("constraints": [{"shared": "bottleneck"}, {"equal": "group_width"}])") ==
        "s.json: constraints[1].equal is 'group_width', which is none of depth, width");
  CHECK(extended(R"("type": "regnet")") ==
        "s.json: type is \"regnet\", but the space it extends is \"anynet\"");
  CHECK(extended(R"("block": "MBConv")") ==
        "s.json: block cannot be MBConv: spaces are made of X, Y, R, V, VR or Basic blocks");
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
  CHECK(ErrorOf(R"({"type": "resnet", "parameters": {}})") ==
        "s.json: type is 'resnet', which is none of anynet, regnet, did you mean 'regnet'?");
  CHECK(ErrorOf("{}") == "s.json: the key 'type' is missing");
  CHECK(ErrorOf("[]") == "s.json: must be a JSON object");
  CHECK(LoadError("AnyNetXA", {.resolution = 5000}) ==
        "space AnyNetXA: resolution must be a whole number from 8 to 1024, not 5000");
}

TEST_CASE("A file whose base has the wrong shape is refused, not misread") {
  const TempFolder folder;
  const std::string members = R"("parameters": {"depth": 1}, "constraints": [{"equal": "width"}]})";
  folder.Write("parameters.json", R"({"parameters": 3})");
  folder.Write("constraints.json", R"({"constraints": "none"})");
  CHECK_THAT(LoadError(folder.Write("a.json", R"({"extends": "parameters.json", )" + members)),
             Catch::EndsWith("parameters.json: parameters must be a JSON object"));
  CHECK_THAT(LoadError(folder.Write("b.json", R"({"extends": "constraints.json", )" + members)),
             Catch::EndsWith("constraints.json: constraints must be a list"));
}

TEST_CASE("A space whose networks could overflow the counts is refused") {
  const std::string message = ErrorOf(R"({"type": "anynet", "block": "Basic", "stages": 8,
      "resolution": 1024, "parameters": {"depth": 512, "width": 16384}})");
  CHECK(message == "s.json: the largest networks: the network is too large to count in 63 bits");
}

}  // namespace
}  // namespace dse
