#include "tests/sampler/random_space.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/named_models.h"
#include "sampler/parameter.h"
#include "sampler/space.h"

namespace dse {
namespace {

class Generator {
 public:
  explicit Generator(RandomStream& random) : random_(random) {}

  Json Document() {
    switch (random_.Below(8)) {
      case 0:
        return Models();
      case 1:
        return Extension();
      case 2:
      case 3:
        return Networks("regnet");
      default:
        return Networks("anynet");
    }
  }

 private:
  bool OneIn(uint64_t n) { return random_.Below(n) == 0; }
  int64_t From(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(high - low + 1)));
  }
  template <typename T>
  T OneOf(std::initializer_list<T> items) {
    return items.begin()[random_.Below(items.size())];
  }
  // Some of the items, at least one, in random order.
  Json SomeOf(std::initializer_list<double> items) {
    Json some = Json::array();
    for (const int64_t i : Permutation(static_cast<int64_t>(items.size()), random_)) {
      if (some.empty() || OneIn(2)) some.push_back(Number(items.begin()[i]));
    }
    return some;
  }
  Json Choice(const Json& values) { return {{"distribution", "choice"}, {"values", values}}; }
  Json PowerOfTwo(double low, double high) {
    return {{"distribution", "power_of_two"}, {"low", Number(low)}, {"high", Number(high)}};
  }
  // Multiples of a step, uniform or log-uniform.
  Json Stepped(int64_t least, int64_t most, int64_t step) {
    const int64_t low = From(least, most);
    return {{"distribution", OneOf({"uniform", "log_uniform"})},
            {"low", low * step},
            {"high", From(low, most) * step},
            {"step", step}};
  }
  Json Continuous(const char* kind, double low, double high) {
    return {{"distribution", kind}, {"low", Number(low)}, {"high", Number(high)}};
  }

  Json Depth() {
    switch (random_.Below(5)) {
      case 0:
        return From(1, 6);
      case 1:
        return PowerOfTwo(1, OneOf({1, 4, 16}));
      case 2:
        return Choice(SomeOf({1, 2, 3, 5, 8}));
      default:
        return Stepped(1, 16, 1);
    }
  }
  Json Width() {
    switch (random_.Below(6)) {
      case 0:
        return From(1, 300);
      case 1:
        return PowerOfTwo(OneOf({1, 8, 32}), OneOf({32, 256, 1024}));
      case 2:
        return Choice(SomeOf({8, 24, 33, 64, 160, 500, 1200}));
      case 3:
        return Stepped(1, 400, 3);
      default:
        return Stepped(1, 128, 8);
    }
  }
  Json Bottleneck() {
    switch (random_.Below(4)) {
      case 0:
        return OneOf<Json>({1, 0.25, 2, 0.5});
      case 1:
        return Choice(SomeOf({1, 2, 3, 4, 0.5, 0.25, 1.0 / 3}));
      default:
        return PowerOfTwo(OneOf({0.25, 1.0}), OneOf({1, 4, 8}));
    }
  }
  Json GroupWidth() {
    switch (random_.Below(5)) {
      case 0:
        return From(1, 64);
      case 1:
        return Choice(SomeOf({1, 3, 8, 16, 40, 128}));
      case 2:
        return Stepped(1, 16, 8);
      default:
        return PowerOfTwo(1, OneOf({1, 16, 32}));
    }
  }
  Json Kernel() {
    if (OneIn(3)) return OneOf({1, 3, 5, 7});
    return Choice(SomeOf({3, 5, 7, 1, 9}));
  }
  Json Expansion() {
    if (OneIn(3)) return From(1, 6);
    return Stepped(1, 6, 1);
  }
  Json OfStage(Parameter parameter) {
    switch (parameter) {
      case Parameter::kDepth:
        return Depth();
      case Parameter::kWidth:
        return Width();
      case Parameter::kBottleneck:
        return Bottleneck();
      case Parameter::kGroupWidth:
        return GroupWidth();
      case Parameter::kKernel:
        return Kernel();
      default:
        return Expansion();
    }
  }

  Json W0() {
    if (OneIn(4)) return 8 * From(1, 24);
    if (OneIn(3)) return Continuous("log_uniform", 8, 200);
    return Stepped(1, 32, 8);
  }
  Json Wa() {
    if (OneIn(5)) return OneOf<Json>({24.48, 36, 8.5});
    if (OneIn(3)) return Continuous("uniform", 0, 120);
    return {{"distribution", "log_uniform"}, {"low", 8}, {"high", 256}, {"step", 0.1}};
  }
  Json Wm() {
    if (OneIn(4)) return OneOf<Json>({2, 2.5});
    if (OneIn(3)) return Continuous("uniform", 1.5, 3);
    return {{"distribution", "log_uniform"}, {"low", 1.5}, {"high", 3}, {"step", 0.001}};
  }
  void PutRegNet(Json& parameters) {
    parameters["depth"] = OneIn(4) ? Json(From(4, 30)) : Stepped(2, 63, 1);
    parameters["w0"] = W0();
    parameters["wa"] = Wa();
    parameters["wm"] = Wm();
    if (OneIn(4)) parameters["wa"] = {{"same_as", "w0"}};
    if (OneIn(12)) {
      parameters["wa"] = {{"distribution", "uniform"}, {"low", 8}, {"high", 128}, {"step", 8}};
      parameters["w0"] = {{"same_as", "wa"}};
    }
  }
  void PutRecipe(Json& parameters) {
    if (OneIn(4)) parameters["lr"] = OneIn(4) ? Json(0.1) : Continuous("log_uniform", 0.01, 1);
    if (OneIn(4)) {
      parameters["weight_decay"] =
          OneIn(2) ? Continuous("uniform", 0, 0.001) : Choice(SomeOf({0, 1e-5, 5e-5}));
    }
  }

  // Different whole numbers: one, or a list.
  Json Numbers(int64_t low, int64_t high) {
    if (!OneIn(3)) return From(low, high);
    Json numbers = Json::array();
    for (int64_t i = From(1, 4); i > 0; --i) {
      const int64_t number = From(low, high);
      if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) {
        numbers.push_back(number);
      }
    }
    return numbers;
  }
  void PutCommon(Json& document) {
    if (OneIn(2)) document["resolution"] = Numbers(8, 260);
    if (OneIn(3)) document["classes"] = From(1, 2000);
    if (OneIn(3)) document["activation"] = OneOf({"relu", "swish"});
    if (OneIn(3)) document["name"] = "space " + std::to_string(From(0, 99));
  }
  static int64_t Most(const Json& numbers) {
    return numbers.is_array() ? *std::max_element(numbers.begin(), numbers.end()) : numbers;
  }
  void PutFrame(BlockType block, bool regnet, Json& document) {
    PutCommon(document);
    if (OneIn(2)) document["stem"] = OneOf({"simple", "cifar", "resnet", "efficientnet"});
    if (OneIn(3)) document["stem_width"] = From(1, 80);
    if (HasSqueeze(block) && OneIn(2)) document["se_ratio"] = OneOf({0.25, 0.5, 0.1});
    if (block == BlockType::kMBConv && OneIn(2)) document["head_width"] = From(1, 1500);
    document["stages"] = regnet && OneIn(2) ? Json({5, 2, 4, 3}) : Numbers(1, regnet ? 4 : 6);
    if (OneIn(3)) {
      document["strides"] = Json::array();
      for (int64_t i = Most(document["stages"]); i > 0; --i) {
        document["strides"].push_back(From(1, 2));
      }
    }
  }

  Json Networks(const char* type) {
    const bool regnet = std::string(type) == "regnet";
    const BlockType block = kBlockWords[random_.Below(kBlockWords.size())].value;
    Json document{{"type", type}, {"block", TextOf<BlockType>(block, kBlockWords)}};
    PutFrame(block, regnet, document);
    Json parameters = Json::object();
    Json constraints = Json::array();
    for (const auto& word : kStageParameterWords) {
      if (!BlockHas(block, word.value) || (regnet && word.value == Parameter::kWidth)) continue;
      const bool shared = !regnet && OneIn(3);
      if (shared) constraints.push_back({{"shared", word.text}});
      Json& law = parameters[word.text];
      law = OfStage(word.value);
      if (word.value == Parameter::kGroupWidth && OneIn(4)) {
        law = "by_compute";
      } else if (!regnet && !shared && OneIn(4)) {
        law = Json::array({law});
        while (static_cast<int64_t>(law.size()) < Most(document["stages"])) {
          law.push_back(OfStage(word.value));
        }
      }
    }
    if (regnet) PutRegNet(parameters);
    PutRecipe(parameters);
    document["parameters"] = parameters;
    AddConstraints(constraints);
    if (!constraints.empty()) document["constraints"] = constraints;
    return document;
  }

  // Of all kinds but "shared".
  void AddConstraints(Json& constraints) {
    for (const char* parameter : {"width", "depth"}) {
      if (OneIn(3)) {
        constraints.push_back(
            {{OneOf({"non_decreasing", "non_decreasing", "non_increasing", "equal"}), parameter}});
      }
    }
    if (OneIn(5)) {
      const int64_t low = From(1, 20);
      constraints.push_back({{"total_depth", {low, From(low, 60)}}});
    }
    if (OneIn(5)) {
      constraints.push_back({{"params_at_most", {{"m", From(1, 30)}, {"m_per_gf", From(0, 8)}}}});
    }
    if (OneIn(5)) {
      constraints.push_back(
          {{"acts_at_most", {{"m_per_sqrt_gf", 6.5}, {"m", From(0, 4)}, {"m_per_gf", 0.5}}}});
    }
  }

  Json Models() {
    Json document{{"type", "models"}, {"models", Json::array()}};
    PutCommon(document);
    const std::vector<std::string>& names = ModelNames();
    for (const int64_t i : Permutation(static_cast<int64_t>(names.size()), random_)) {
      if (!document["models"].empty() && OneIn(5)) break;
      const std::string& name = names[static_cast<size_t>(i)];
      // Models with the same blocks at two resolutions would be one network at a third.
      if (name.rfind("efficientnet", 0) == 0 && document.contains("resolution")) continue;
      document["models"].push_back(name);
    }
    if (OneIn(2)) {
      document["models"].push_back({{"name", "small"},
                                    {"block", OneOf({"V", "Basic"})},
                                    {"depths", {1, 2}},
                                    {"widths", {From(8, 64), 33}}});
    }
    Json parameters = Json::object();
    PutRecipe(parameters);
    document["parameters"] = parameters;
    if (OneIn(3)) document["constraints"] = {{{"params_at_most", {{"m", From(4, 60)}}}}};
    return document;
  }

  // A built-in space with some of its members replaced.
  Json Extension() {
    const std::vector<std::string>& names = BuiltInSpaceNames();
    const std::string& name = names[random_.Below(names.size())];
    const Json base = Space::Load(name).document();
    Json document{{"extends", name}, {"parameters", Json::object()}};
    PutCommon(document);
    if (base["type"] == "anynet") {
      document["parameters"]["width"] = Width();
      document["parameters"]["depth"] = Depth();
      if (OneIn(2)) document["stages"] = Numbers(1, 5);
    }
    if (base["parameters"].contains("group_width") && OneIn(3)) {
      document["parameters"]["group_width"] = "by_compute";
    }
    PutRecipe(document["parameters"]);
    if (!base["constraints"].empty() && OneIn(2)) {
      document["remove_constraints"] = Json::array({base["constraints"].front()});
    }
    Json constraints = Json::array();
    AddConstraints(constraints);
    document["constraints"] = constraints;
    return document;
  }

  RandomStream& random_;
};

}  // namespace

Json RandomSpaceDocument(RandomStream& random) { return Generator(random).Document(); }

}  // namespace dse
