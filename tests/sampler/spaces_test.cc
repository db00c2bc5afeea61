// Every document of sampler/spaces keeps what its name promises.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "sampler/sampler.h"

namespace dse::spaces_test {
namespace {

constexpr Band k400MF{360'000'000, 400'000'000};  // section 3 of the paper
constexpr Band k3200MF{2'880'000'000, 3'200'000'000};
constexpr Band k6400MF{5'760'000'000, 6'400'000'000};
constexpr Band k12GF{10'800'000'000, 12'000'000'000};
constexpr int64_t kMembers = 5;

using Draws = std::vector<Draw>;
using OfModel = std::function<bool(const Model&)>;
using OfDraws = std::function<bool(const Draws&)>;

// What a population of the space in `file` must be.
struct Promise {
  const char* file;
  Band band;
  OfDraws kept;
};

OfDraws Each(const OfModel& property) {
  return [property](const Draws& draws) {
    return std::all_of(draws.begin(), draws.end(),
                       [&](const Draw& draw) { return property(draw.model); });
  };
}
OfDraws Some(const OfModel& property) {
  return [property](const Draws& draws) {
    return std::any_of(draws.begin(), draws.end(),
                       [&](const Draw& draw) { return property(draw.model); });
  };
}
OfDraws Both(const OfDraws& a, const OfDraws& b) {
  return [a, b](const Draws& draws) { return a(draws) && b(draws); };
}
OfModel And(const OfModel& a, const OfModel& b) {
  return [a, b](const Model& model) { return a(model) && b(model); };
}

// Neighbouring stages keep `order` of the field.
OfModel Stages(int Stage::*field, const std::function<bool(int, int)>& order) {
  return [field, order](const Model& model) {
    return std::adjacent_find(model.stages.begin(), model.stages.end(),
                              [&](const Stage& a, const Stage& b) {
                                return !order(a.*field, b.*field);
                              }) == model.stages.end();
  };
}
OfModel Rise(int Stage::*field) { return Stages(field, std::less_equal<>()); }
OfModel Fall(int Stage::*field) { return Stages(field, std::greater_equal<>()); }
OfModel Equal(int Stage::*field) { return Stages(field, std::equal_to<>()); }
OfModel Not(const OfModel& property) {
  return [property](const Model& model) { return !property(model); };
}

OfModel EachStage(const std::function<bool(const Stage&)>& property) {
  return [property](const Model& model) {
    return std::all_of(model.stages.begin(), model.stages.end(), property);
  };
}
OfModel Bottleneck(double b) {
  return EachStage([b](const Stage& stage) { return stage.bottleneck == b; });
}
OfModel GroupWidth(int g) {
  return EachStage([g](const Stage& stage) { return stage.group_width == g; });
}
OfModel StageCount(size_t count) {
  return [count](const Model& model) { return model.stages.size() == count; };
}
OfModel Block(BlockType block) {
  return [block](const Model& model) { return model.frame.block == block; };
}
OfModel Active(Activation activation) {
  return And(Block(BlockType::kY), [activation](const Model& model) {
    return model.regnet && model.frame.activation == activation;
  });
}

OfModel RegNet(const std::function<bool(const RegNetParameters&)>& property) {
  return [property](const Model& model) { return model.regnet && property(*model.regnet); };
}
OfModel AnyRegNet() {
  return RegNet([](const RegNetParameters&) { return true; });
}
OfModel AnyNetE() { return And(And(Not(AnyRegNet()), Rise(&Stage::width)), Rise(&Stage::depth)); }
// A population without orders: some network's widths fall, some network's depths.
OfDraws AnyNetA(BlockType block) {
  return Both(Each(And(Block(block), Not(AnyRegNet()))),
              Both(Some(Not(Rise(&Stage::width))), Some(Not(Rise(&Stage::depth)))));
}

// Section 4 of the paper: b = 1, d <= 40, w_m >= 2, params <= 3 + 5.5 F, acts <= 6.5 sqrt(F), in
// millions at F GF.
bool Constrained(const Draws& draws) {
  return std::all_of(draws.begin(), draws.end(), [](const Draw& draw) {
    const double gf = static_cast<double>(draw.complexity.flops) / 1e9;
    const RegNetParameters& p = draw.model.regnet.value();
    return p.bottleneck == 1 && p.depth <= 40 && p.wm >= 2 &&
           static_cast<double>(draw.complexity.params) <= 1e6 * (3 + 5.5 * gf) &&
           static_cast<double>(draw.complexity.acts) <= 6.5e6 * std::sqrt(gf);
  });
}
OfDraws Final(BlockType block) {
  return Both(Constrained, Each(And(Block(block), RegNet([](const RegNetParameters& p) {
                                      return 12 <= p.depth && p.depth <= 28;
                                    }))));
}

OfDraws PowerGroups() {
  return Each(RegNet([](const RegNetParameters& p) {
    return std::set<int>{1, 2, 4, 8, 16, 32}.count(p.group_width) == 1;
  }));
}
// Multiples of 8 from 16 to `high`, some of them above `exceeded`.
OfDraws MultipleGroups(int high, int exceeded) {
  return Both(
      Each(RegNet([high](const RegNetParameters& p) {
        return p.group_width % 8 == 0 && 16 <= p.group_width && p.group_width <= high;
      })),
      Some(RegNet([exceeded](const RegNetParameters& p) { return p.group_width > exceeded; })));
}

bool VariedResolution(const Draws& draws) {
  const std::set<int> listed{128, 160, 192, 224, 256, 288, 320, 384, 448};
  std::set<int> drawn;
  for (const Draw& draw : draws) drawn.insert(draw.model.frame.resolution);
  return drawn.size() > 1 &&
         std::includes(listed.begin(), listed.end(), drawn.begin(), drawn.end());
}

// Every member has values of its own in the ranges of the document.
bool DrawnRates(const Draws& draws) {
  std::set<double> lrs;
  std::set<double> decays;
  for (const Draw& draw : draws) {
    if (draw.overrides.lr) lrs.insert(*draw.overrides.lr);
    if (draw.overrides.weight_decay) decays.insert(*draw.overrides.weight_decay);
  }
  return lrs.size() == draws.size() && decays.size() == draws.size() && *lrs.begin() >= 1e-3 &&
         *lrs.rbegin() <= 1 && *decays.begin() >= 1e-6 && *decays.rbegin() <= 1e-3;
}

bool IsEfficientNet(const Model& model) {
  return model.name.rfind("efficientnet-b", 0) == 0 && model.stages.size() == 7;
}

// As EfficientNets: no expansion in the first stage, 3 or 6 later, kernels of 3 and 5.
bool IsMobile(const Model& model) {
  if (model.frame.block != BlockType::kMBConv || model.frame.activation != Activation::kSwish ||
      model.frame.se_ratio != 0.25 || model.stages.size() != 7) {
    return false;
  }
  for (const Stage& stage : model.stages) {
    const bool first = &stage == &model.stages.front();
    const bool expands = stage.expansion == 3 || stage.expansion == 6;
    if (first ? stage.expansion != 1 : !expands) return false;
    if (stage.kernel != 3 && stage.kernel != 5) return false;
  }
  return Rise(&Stage::width)(model);
}

std::vector<Promise> ConstraintPromises() {
  const OfModel anynet = Not(AnyRegNet());
  return {
      {"figure-07-widths-equal", k400MF, Each(And(anynet, Equal(&Stage::width)))},
      {"figure-07-widths-non-increasing", k400MF, Each(And(anynet, Fall(&Stage::width)))},
      {"figure-07-depths-equal", k400MF, Each(And(Rise(&Stage::width), Equal(&Stage::depth)))},
      {"figure-07-depths-non-increasing", k400MF,
       Each(And(Rise(&Stage::width), Fall(&Stage::depth)))},
      {"figure-09-wm-2", k400MF, Each(RegNet([](const auto& p) { return p.wm == 2; }))},
      {"figure-09-w0-wa", k400MF, Each(RegNet([](const auto& p) { return p.w0 == p.wa; }))},
      {"figure-13-constrained", k400MF, Constrained},
  };
}

std::vector<Promise> GeneralizationPromises() {
  const OfModel five = StageCount(5);
  return {
      {"figure-10-five-stages-anynetxa", k400MF, Both(Each(five), AnyNetA(BlockType::kX))},
      {"figure-10-five-stages-anynetxe", k400MF, Each(And(five, AnyNetE()))},
      {"figure-10-five-stages-regnetx", k400MF, Each(And(five, AnyRegNet()))},
      {"figure-10-r-anynetra", k400MF, AnyNetA(BlockType::kR)},
      {"figure-10-r-anynetre", k400MF, Each(And(Block(BlockType::kR), AnyNetE()))},
      {"figure-10-r-regnetr", k400MF, Each(And(Block(BlockType::kR), AnyRegNet()))},
      {"figure-10-v-anynetva", k400MF, AnyNetA(BlockType::kV)},
      {"figure-10-v-anynetve", k400MF, Each(And(Block(BlockType::kV), AnyNetE()))},
      {"figure-10-v-regnetv", k400MF, Each(And(Block(BlockType::kV), AnyRegNet()))},
      {"figure-10-vr-anynetvra", k400MF, AnyNetA(BlockType::kVR)},
      {"figure-10-vr-anynetvre", k400MF, Each(And(Block(BlockType::kVR), AnyNetE()))},
      {"figure-10-vr-regnetvr", k400MF, Each(And(Block(BlockType::kVR), AnyRegNet()))},
  };
}

std::vector<Promise> AlternativePromises() {
  const OfModel depthwise = GroupWidth(1);
  return {
      {"figure-14-no-bottleneck", k400MF, Each(And(AnyRegNet(), Bottleneck(1)))},
      {"figure-14-inverted-bottleneck", k400MF, Each(And(AnyRegNet(), Bottleneck(0.25)))},
      {"figure-14-depthwise", k400MF, Each(And(And(AnyRegNet(), Bottleneck(1)), depthwise))},
      {"figure-14-resolution", k400MF, Both(Each(AnyRegNet()), VariedResolution)},
      {"figure-14-regnety", k400MF, Each(And(AnyRegNet(), Block(BlockType::kY)))},
      {"figure-20-relu", k400MF, Both(Each(Active(Activation::kRelu)), Some(Not(depthwise)))},
      {"figure-20-swish", k400MF, Both(Each(Active(Activation::kSwish)), Some(Not(depthwise)))},
      {"figure-20-relu-depthwise", k400MF, Each(And(Active(Activation::kRelu), depthwise))},
      {"figure-20-swish-depthwise", k400MF, Each(And(Active(Activation::kSwish), depthwise))},
      {"mbconv", k400MF, Each(IsMobile)},
  };
}

std::vector<Promise> LargerPromises() {
  const OfDraws final_x = Final(BlockType::kX);
  const OfDraws final_y = Final(BlockType::kY);
  return {
      {"figure-15-regnetx", k400MF, Both(final_x, PowerGroups())},
      {"figure-15-regnetx", k6400MF, Both(final_x, MultipleGroups(64, 32))},
      {"figure-16-regnety", k400MF, Both(final_y, PowerGroups())},
      {"figure-16-regnety", k6400MF, Both(final_y, MultipleGroups(64, 32))},
      {"figure-19-depth-20", k6400MF,
       Both(final_x, Each(RegNet([](const auto& p) { return p.depth == 20; })))},
      {"figure-19-three-stages", k6400MF, Both(final_x, Each(StageCount(3)))},
      {"appendix-d-group-widths", k400MF, PowerGroups()},
      {"appendix-d-group-widths", k3200MF, MultipleGroups(64, 32)},
      {"appendix-d-group-widths", k12GF, MultipleGroups(128, 64)},
      {"figure-21-lr-wd", k400MF, Both(Each(AnyRegNet()), DrawnRates)},
      {"figure-22-efficientnet-lr-wd", {0, k12GF.high}, Both(Each(IsEfficientNet), DrawnRates)},
  };
}

std::vector<Promise> AllPromises() {
  std::vector<Promise> all;
  for (const auto& some :
       {ConstraintPromises(), GeneralizationPromises(), AlternativePromises(), LargerPromises()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

TEST_CASE("Every document of sampler/spaces promises something, and only these do") {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(DSE_SPACES)) {
    if (entry.path().extension() == ".json") files.insert(entry.path().stem().string());
  }
  std::set<std::string> promised;
  for (const Promise& promise : AllPromises()) promised.insert(promise.file);
  CHECK(files == promised);
}

TEST_CASE("The documents of sampler/spaces draw what their names promise") {
  for (const Promise& promise : AllPromises()) {
    INFO(promise.file << " up to " << promise.band.high);
    const Space space = Space::Load(std::string(DSE_SPACES "/") + promise.file + ".json");
    CHECK(space.name() == promise.file);
    SampleRequest request;
    request.count = kMembers;
    request.seed = 1;
    request.band = promise.band;
    request.max_tries = 20'000'000;
    const SampleResult result = SamplePopulation(space, request);
    REQUIRE(result.complete);
    CHECK(promise.kept(result.draws));
  }
}

TEST_CASE("Figure 10's spaces of other blocks and figure 14's RegNetY are the built-in ones") {
  for (const auto& [file, name] : {std::pair{"figure-10-r-anynetra", "AnyNetRA"},
                                   {"figure-10-v-anynetve", "AnyNetVE"},
                                   {"figure-10-vr-regnetvr", "RegNetVR"},
                                   {"figure-13-constrained", "RegNetX-constrained"},
                                   {"figure-14-regnety", "RegNetY"}}) {
    const Space space = Space::Load(std::string(DSE_SPACES "/") + file + ".json");
    CHECK(space.StreamKeyFor(1) == Space::Load(name).StreamKeyFor(1));
  }
}

}  // namespace
}  // namespace dse::spaces_test
