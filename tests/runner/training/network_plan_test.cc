#include "runner/training/network_plan.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/hash.h"
#include "core/named_models.h"
#include "tests/support/tiny_model.h"

namespace dse::network_plan_test {
namespace {

using Lines = std::vector<std::string>;

const char* Word(ParameterKind kind) {
  switch (kind) {
    case ParameterKind::kWeight:
      return "weight";
    case ParameterKind::kNorm:
      return "norm";
    case ParameterKind::kBias:
      break;
  }
  return "bias";
}

// "weight 24 12 1 1": kind and shape of a parameter.
std::string Describe(const ParameterPlan& parameter) {
  std::string text = Word(parameter.kind);
  for (const int64_t size : parameter.shape) text += " " + std::to_string(size);
  return text;
}

// The parameters whose names begin with `prefix`, in order, each as "rest of its name: kind shape".
Lines Parameters(const NetworkPlan& plan, const std::string& prefix) {
  Lines lines;
  for (const ParameterPlan& parameter : plan.parameters) {
    if (!parameter.name.starts_with(prefix)) continue;
    lines.push_back(parameter.name.substr(prefix.size()) + ": " + Describe(parameter));
  }
  return lines;
}

std::vector<float> Draw(const NetworkPlan& plan, int number, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(plan.parameters[number].elements()));
  DrawParameter(plan.parameters[number], number, seed, values);
  return values;
}

// SHA-256 of all first values as little-endian floats.
std::string HashOfValues(const NetworkPlan& plan, uint64_t seed) {
  Sha256Stream hash;
  for (size_t i = 0; i < plan.parameters.size(); ++i) {
    const std::vector<float> values = Draw(plan, static_cast<int>(i), seed);
    hash.Add({reinterpret_cast<const char*>(values.data()), sizeof(float) * values.size()});
  }
  return hash.Hex();
}

const ParameterPlan& Find(const NetworkPlan& plan, const std::string& name) {
  for (const ParameterPlan& parameter : plan.parameters) {
    if (parameter.name == name) return parameter;
  }
  FAIL("no parameter " << name);
  return plan.parameters.front();
}

// A network of one block behind the simple stem of width 32.
Model OneBlock(const std::string& rest) {
  return ModelOf(R"({"type":"anynet","resolution":32,"classes":10,"depths":[1],)" + rest + "}");
}

}  // namespace

TEST_CASE("Every named network has as many parameters in its plan as complexity counts") {
  for (const std::string& name : ModelNames()) {
    CAPTURE(name);
    const Model model = NamedModel(name);
    CHECK(PlanNetwork(model).CountParameters() == CountComplexity(model).params);
  }
}

TEST_CASE("An X network is stem, blocks with their projections first, and the linear layer") {
  const NetworkPlan plan = PlanNetwork(ModelOf(
      R"({"type":"anynet","block":"X","stem":"simple","resolution":32,"classes":10,
      "depths":[1,2],"widths":[32,48],"strides":[1,2],"bottleneck":[1,2],"group_widths":8})"));
  CHECK(Parameters(plan, "stem.") ==
        Lines{"0.weight: weight 32 3 3 3", "1.weight: norm 32", "1.bias: norm 32"});
  // The same width and no stride: no projection.
  CHECK(Parameters(plan, "trunk_output.block1.block1-0.") ==
        Lines{"f.a.0.weight: weight 32 32 1 1", "f.a.1.weight: norm 32", "f.a.1.bias: norm 32",
              "f.b.0.weight: weight 32 8 3 3", "f.b.1.weight: norm 32", "f.b.1.bias: norm 32",
              "f.c.0.weight: weight 32 32 1 1", "f.c.1.weight: norm 32", "f.c.1.bias: norm 32"});
  CHECK(Parameters(plan, "trunk_output.block2.block2-0.") ==
        Lines{"proj.0.weight: weight 48 32 1 1", "proj.1.weight: norm 48", "proj.1.bias: norm 48",
              "f.a.0.weight: weight 24 32 1 1", "f.a.1.weight: norm 24", "f.a.1.bias: norm 24",
              "f.b.0.weight: weight 24 8 3 3", "f.b.1.weight: norm 24", "f.b.1.bias: norm 24",
              "f.c.0.weight: weight 48 24 1 1", "f.c.1.weight: norm 48", "f.c.1.bias: norm 48"});
  CHECK(Parameters(plan, "trunk_output.block2.block2-1.").size() == 9);
  CHECK(Parameters(plan, "fc.") == Lines{"weight: weight 10 48", "bias: bias 10"});
  CHECK(plan.parameters.size() == 3 + 9 + 12 + 9 + 2);
  CHECK(plan.parameters.back().name == "fc.bias");
  CHECK(plan.residual_blocks() == 3);
  CHECK(plan.features() == 48);
  CHECK(plan.Norms().size() == 1 + 3 + 4 + 3);
  CHECK(plan.Norms()[4]->name == "trunk_output.block2.block2-0.proj.1");
}

TEST_CASE("The layers of an X block have its stride, groups and activations") {
  const NetworkPlan plan = PlanNetwork(
      OneBlock(R"("block":"X","widths":[48],"strides":2,"bottleneck":2,"group_widths":8)"));
  const BlockPlan& block = plan.blocks.at(0);
  REQUIRE(block.units.size() == 3);
  CHECK(block.units[0].conv.stride == 1);
  CHECK(block.units[1].conv.stride == 2);
  CHECK(block.units[1].conv.groups == 3);  // 24 channels by 8
  CHECK(block.units[1].conv.kernel == 3);
  CHECK(block.units[2].activated);  // behind the addition
  REQUIRE(block.projection);
  CHECK(block.projection->conv.stride == 2);
  CHECK_FALSE(block.projection->activated);
  CHECK_FALSE(block.squeeze);
  // Each layer finds its own parameters.
  const NormPlan& norm = block.units[1].norm;
  CHECK(plan.parameters[block.units[1].conv.weight].name ==
        "trunk_output.block1.block1-0.f.b.0.weight");
  CHECK(plan.parameters[norm.gamma].name == norm.name + ".weight");
  CHECK(plan.parameters[norm.beta].name == norm.name + ".bias");
  CHECK(block.units[1].conv.bias == -1);
  CHECK(plan.parameters[plan.head.bias].name == "fc.bias");
}

TEST_CASE("A Y block squeezes a quarter of its input's channels before the last convolution") {
  const NetworkPlan plan = PlanNetwork(
      OneBlock(R"("block":"Y","widths":[32],"strides":1,"bottleneck":1,"group_widths":16)"));
  CHECK(Parameters(plan, "trunk_output.block1.block1-0.") ==
        Lines{"f.a.0.weight: weight 32 32 1 1", "f.a.1.weight: norm 32", "f.a.1.bias: norm 32",
              "f.b.0.weight: weight 32 16 3 3", "f.b.1.weight: norm 32", "f.b.1.bias: norm 32",
              "f.se.fc1.weight: weight 8 32 1 1", "f.se.fc1.bias: bias 8",
              "f.se.fc2.weight: weight 32 8 1 1", "f.se.fc2.bias: bias 32",
              "f.c.0.weight: weight 32 32 1 1", "f.c.1.weight: norm 32", "f.c.1.bias: norm 32"});
}

TEST_CASE("An MBConv block expands but at ratio 1, and adds only where the shape stays") {
  const NetworkPlan plan = PlanNetwork(ModelOf(
      R"({"type":"anynet","block":"MBConv","stem":"efficientnet","stem_width":16,
      "activation":"swish","se_ratio":0.25,"resolution":32,"classes":10,"depths":[1,2],
      "widths":[16,24],"strides":[1,2],"kernels":[3,5],"expansions":[1,6],"head_width":64})"));
  CHECK(Parameters(plan, "trunk_output.block1.block1-0.") ==
        Lines{"f.dw.0.weight: weight 16 1 3 3", "f.dw.1.weight: norm 16", "f.dw.1.bias: norm 16",
              "f.se.fc1.weight: weight 4 16 1 1", "f.se.fc1.bias: bias 4",
              "f.se.fc2.weight: weight 16 4 1 1", "f.se.fc2.bias: bias 16",
              "f.lin.0.weight: weight 16 16 1 1", "f.lin.1.weight: norm 16",
              "f.lin.1.bias: norm 16"});
  CHECK(Parameters(plan, "trunk_output.block2.block2-1.") ==
        Lines{"f.exp.0.weight: weight 144 24 1 1", "f.exp.1.weight: norm 144",
              "f.exp.1.bias: norm 144", "f.dw.0.weight: weight 144 1 5 5",
              "f.dw.1.weight: norm 144", "f.dw.1.bias: norm 144",
              "f.se.fc1.weight: weight 6 144 1 1", "f.se.fc1.bias: bias 6",
              "f.se.fc2.weight: weight 144 6 1 1", "f.se.fc2.bias: bias 144",
              "f.lin.0.weight: weight 24 144 1 1", "f.lin.1.weight: norm 24",
              "f.lin.1.bias: norm 24"});
  CHECK(Parameters(plan, "head.") ==
        Lines{"0.weight: weight 64 24 1 1", "1.weight: norm 64", "1.bias: norm 64"});
  CHECK(plan.blocks[0].residual);
  CHECK_FALSE(plan.blocks[1].residual);  // the stride
  CHECK(plan.blocks[2].residual);
  CHECK_FALSE(plan.blocks[2].units.back().activated);  // linear
  CHECK(plan.blocks[1].units[1].conv.groups == 96);    // depthwise: 16 channels, times 6
  CHECK(plan.features() == 64);
  CHECK(plan.Norms().back()->name == "head.1");
}

TEST_CASE("V is one convolution, VR the same with a shortcut, Basic two") {
  const Lines v{"f.a.0.weight: weight 48 32 3 3", "f.a.1.weight: norm 48", "f.a.1.bias: norm 48"};
  const Lines projection{"proj.0.weight: weight 48 32 1 1", "proj.1.weight: norm 48",
                         "proj.1.bias: norm 48"};
  const auto block = [](const std::string& type) {
    return PlanNetwork(OneBlock(R"("block":")" + type + R"(","widths":[48])"));
  };
  const auto joined = [](Lines first, const Lines& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  };
  const std::string prefix = "trunk_output.block1.block1-0.";
  CHECK(Parameters(block("V"), prefix) == v);
  CHECK_FALSE(block("V").blocks[0].residual);
  CHECK(Parameters(block("VR"), prefix) == joined(projection, v));
  CHECK(Parameters(block("Basic"), prefix) ==
        joined(joined(projection, v),
               {"f.b.0.weight: weight 48 48 3 3", "f.b.1.weight: norm 48", "f.b.1.bias: norm 48"}));
}

TEST_CASE("Stems: 3x3 of stride 2, 3x3 of stride 1 for cifar, 7x7 of stride 2 for resnet") {
  const auto stem = [](const std::string& type) {
    return PlanNetwork(OneBlock(R"("block":"V","widths":[48],"stem":")" + type + '"')).stem.conv;
  };
  CHECK((stem("simple").kernel == 3 && stem("simple").stride == 2 && stem("simple").out == 32));
  CHECK((stem("cifar").kernel == 3 && stem("cifar").stride == 1 && stem("cifar").out == 16));
  CHECK((stem("resnet").kernel == 7 && stem("resnet").stride == 2 && stem("resnet").out == 64));
}

// The hash of "NAME KIND SIZE SIZE ...\n" for every parameter, then "NAME CHANNELS\n" for every
// normalisation, then "RESIDUAL_BLOCKS FEATURES\n", over all named networks in turn. The value is
// that of the networks which runner/torch built before there were plans.
TEST_CASE("Names, kinds, shapes and order of the named networks are those of before plans") {
  std::string text;
  for (const std::string& name : ModelNames()) {
    const NetworkPlan plan = PlanNetwork(NamedModel(name));
    for (const ParameterPlan& parameter : plan.parameters) {
      text += parameter.name + " " + Describe(parameter) + "\n";
    }
    for (const NormPlan* norm : plan.Norms()) {
      text += norm->name + " " + std::to_string(norm->channels) + "\n";
    }
    text += std::to_string(plan.residual_blocks()) + " " + std::to_string(plan.features()) + "\n";
  }
  CHECK(Sha256Hex(text) == "670541365144d38f4685dfd6c4a465dc0996a44a77b66ad359ae8b972486faab");
}

// Values of the tensors of the networks which runner/torch built before there were plans.
TEST_CASE("First values are those of before plans, to the bit") {
  struct Pinned {
    const char* block;
    uint64_t seed;
    bool zero_init_gamma;
    const char* hash;
  };
  const Pinned pins[] = {
      {"X", 1, false, "1d389e5139abfdae38c5d0fbb8832d4141c090b496fd2d6b67250d9f4c717aff"},
      {"X", 5, true, "28e19249f32ba63eab685818d11c28b0451a74a681c60dd7d642ba1fce27f707"},
      {"X", uint64_t{1} << 40, false,
       "4c6ea262adcd8ee919488e76b52132fcbe513798a05831ad429e4953b935765e"},
      {"Y", 1, false, "5807a8dc5ca51900cfa40a9a050de3f03a44b399fd1f6c4b16c48c55a8fb56d2"},
      {"Y", 5, true, "4fec59e9fd9d7e44b89f2ca36c20dc888ec8f6dd352e576251771c2afad5ec54"},
      {"Y", uint64_t{1} << 40, false,
       "d8e3080105bf45b104c671f90433b9ced78313e5b5acb45781468d31c33f0116"},
      {"R", 1, false, "39372b15474d5b0b4f0be97db7c6812f556d402f0eb7a0f9f52f6fb36605802e"},
      {"R", 5, true, "04a781d79a6f4d246338f1c0389569f7b583b78075634e18eda7e1886098945a"},
      {"R", uint64_t{1} << 40, false,
       "ce69618147fe80ddfef00ab14b9d2717abedbdedd6fabd50d476c0aa9b55c099"},
      {"V", 1, false, "1034f7e636eb6568ddd6fcbab4d6a6c16e6d11a765ee4eeb88c537cc8bf4f6a9"},
      {"V", 5, true, "b76608a700f74512e62e0ff85f2dcb35757f9e34887763da233077d61f9de539"},
      {"V", uint64_t{1} << 40, false,
       "20a1ede8e1bb1c4673411950e44c39a454b19bd2f61dcd04cd70d8f8857d9b51"},
      {"VR", 1, false, "d81c495325785c8120125098ed00a94b8d3de451af2a205b1e4d41b196699563"},
      {"VR", 5, true, "134cf361c92da5e8bf73dd1c7a7b94c16e14c4a1657381321789dd0c656eacf3"},
      {"VR", uint64_t{1} << 40, false,
       "d1ab4629f91c4df19eb357fc06e685d89d800359dd674cf14afd3b61bbae8251"},
      {"Basic", 1, false, "e3fcb6118f6bad2f6c4c5a84fa322703e9eb8981558aa4bc1008d1136ac0f456"},
      {"Basic", 5, true, "3cb667667abd6d4aa8ad3984683c4310c95766609d78d17e7d039fdb889964a5"},
      {"Basic", uint64_t{1} << 40, false,
       "a0674b74bbecdab6611b1307518471ea24081690409e80aab2411e81fe1687d5"},
      {"MBConv", 1, false, "b529a73263504b2ae60db387a25836f314f97b69bc4d63f90afa0ad818bcd5ae"},
      {"MBConv", 5, true, "f889075ca732eb4099b5c3b877b7ea90f7ddac04ee786b632f44e30df2093a34"},
      {"MBConv", uint64_t{1} << 40, false,
       "cb7f242f67c26977233054edc3d2fa49900c4357372c3d19bc7e972c0e495da0"},
  };
  for (const Pinned& pin : pins) {
    CAPTURE(pin.block, pin.seed, pin.zero_init_gamma);
    CHECK(HashOfValues(PlanNetwork(TinyModel(pin.block), pin.zero_init_gamma), pin.seed) ==
          pin.hash);
  }
  CHECK(HashOfValues(PlanNetwork(NamedModel("regnetx-200mf")), 3) ==
        "a7d353d1f84856abbbbbdc623be22ae77634d64d906cb39c30ffdcfd55241efb");
  const Model resnet = ModelOf(R"({"type":"anynet","block":"Basic","stem":"resnet","resolution":32,
    "classes":5,"depths":[1,1],"widths":[64,32]})");
  CHECK(HashOfValues(PlanNetwork(resnet), 7) ==
        "81698ec135300bba56ebf3f1dea9a00c8f88b005f185d5c5b54d9fd43493a81f");
  CHECK(HashOfValues(PlanNetwork(resnet, true), 7) ==
        "09a21342a41e871e98d555be0c04039c3753bf47676a3b3dddfaf5078611b7b8");
}

TEST_CASE("Only the last gamma of a residual branch starts at zero, and on request") {
  for (const bool zero : {false, true}) {
    const NetworkPlan plan = PlanNetwork(TinyModel("X"), zero);
    for (const ParameterPlan& parameter : plan.parameters) {
      if (!parameter.name.ends_with(".1.weight")) continue;
      CAPTURE(parameter.name);
      CHECK(parameter.initialization.law == Initialization::Law::kConstant);
      CHECK(parameter.initialization.scale ==
            (zero && parameter.name.ends_with("f.c.1.weight") ? 0 : 1));
    }
  }
  const NetworkPlan plain = PlanNetwork(TinyModel("V"), true);
  CHECK(Find(plain, "trunk_output.block1.block1-0.f.a.1.weight").initialization.scale == 1);
  // Without its shortcut an MBConv block is no residual branch.
  const NetworkPlan mobile = PlanNetwork(TinyModel("MBConv"), true);
  CHECK(Find(mobile, "trunk_output.block2.block2-0.f.lin.1.weight").initialization.scale == 1);
  CHECK(Find(mobile, "trunk_output.block2.block2-1.f.lin.1.weight").initialization.scale == 0);
}

TEST_CASE("Deviations follow a convolution's outputs whatever its groups, bounds its inputs") {
  const NetworkPlan plan = PlanNetwork(ModelOf(R"({"type":"anynet","block":"Y","resolution":32,
    "classes":10,"depths":[1,1],"widths":[64,256],"bottleneck":1,"group_widths":16})"));
  const auto law = [&](const std::string& name) {
    return Find(plan, "trunk_output.block2.block2-0." + name).initialization;
  };
  CHECK(law("f.b.0.weight").law == Initialization::Law::kNormal);
  CHECK(law("f.b.0.weight").scale == Approx(std::sqrt(2.0 / (9 * 256))).epsilon(1e-15));
  CHECK(law("f.se.fc1.bias").law == Initialization::Law::kUniform);
  CHECK(law("f.se.fc1.bias").scale == 1 / 16.0);  // 256 channels in
  CHECK(law("f.se.fc2.bias").scale == 1 / 4.0);   // 16 channels in
  CHECK(Find(plan, "fc.weight").initialization.scale == 0.01);
  CHECK(Find(plan, "fc.bias").initialization.scale == 0);
}

}  // namespace dse::network_plan_test
