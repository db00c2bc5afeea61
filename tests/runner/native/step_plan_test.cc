#include "runner/native/step_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/complexity.h"
#include "core/named_models.h"
#include "runner/native/float_array.h"
#include "runner/native/plan_text.h"
#include "tests/support/random_model.h"
#include "tests/support/tiny_model.h"

namespace dse::native::step_plan_test {
namespace {

bool Overlap(const Buffer& a, const Buffer& b) {
  return a.offset < b.offset + b.floats && b.offset < a.offset + a.floats;
}

void CheckBuffers(const StepPlan& plan) {
  const std::vector<Buffer>& all = plan.buffers.all();
  for (size_t i = 0; i < all.size(); ++i) {
    CAPTURE(all[i].name);
    CHECK(all[i].first >= 0);
    CHECK(all[i].first <= all[i].last);
    CHECK(all[i].last < plan.phases());
    CHECK(all[i].offset + all[i].floats + FloatArray::kVector <= plan.buffers.floats());
    for (size_t k = 0; k < i; ++k) {
      const bool together = all[i].first <= all[k].last && all[k].first <= all[i].last;
      if (together) CHECK_FALSE(Overlap(all[i], all[k]));
    }
  }
}

// What a squeeze computes is small, and in no list.
bool IsOfSqueeze(const StepPlan& plan, BufferId id) {
  return std::ranges::any_of(plan.squeezes, [&](const SqueezeStep& squeeze) {
    return id == squeeze.mean || id == squeeze.hidden || id == squeeze.gate;
  });
}

void CheckPhase(const StepPlan& plan, const std::vector<BufferId>& listed, int phase) {
  for (BufferId id = 0; id < static_cast<BufferId>(plan.buffers.all().size()); ++id) {
    const Buffer& buffer = plan.buffers[id];
    CAPTURE(phase, buffer.name);
    const auto times = std::ranges::count(listed, id);
    CHECK(times <= (buffer.first <= phase && phase <= buffer.last ? 1 : 0));
    if (buffer.first != phase && buffer.last != phase) continue;
    CHECK(times == (IsOfSqueeze(plan, id) ? 0 : 1));
  }
}

}  // namespace

TEST_CASE("Buffers that live at the same time share no memory, and others do") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(2, "native plan"), static_cast<uint64_t>(block));
    for (int i = 0; i < 5; ++i) {
      const Model model = RandomModel(block, random);
      CAPTURE(ModelToJson(model).dump());
      const NetworkPlan network = PlanNetwork(model);
      const StepPlan plan = PlanStep(network, 8, /*learns=*/true);
      CheckBuffers(plan);
      size_t unshared = 0;
      for (const Buffer& buffer : plan.buffers.all()) unshared += buffer.floats;
      CHECK(plan.buffers.floats() < unshared);
      CheckBuffers(PlanStep(network, 8, /*learns=*/false));
    }
  }
}

TEST_CASE("A phase's buffers are those that live then and begin or end their lives with it") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(4, "native plan"), static_cast<uint64_t>(block));
    for (int i = 0; i < 5; ++i) {
      const Model model = RandomModel(block, random);
      CAPTURE(ModelToJson(model).dump());
      const NetworkPlan network = PlanNetwork(model);
      const StepPlan plan = PlanStep(network, 8, /*learns=*/true);
      const int layers = static_cast<int>(plan.layers.size());
      for (int l = 0; l < layers; ++l) {
        CAPTURE(l);
        CheckPhase(plan, plan.layers[l].forward, l);
        CheckPhase(plan, plan.layers[l].backward, 2 * layers - l);
      }
    }
  }
}

TEST_CASE("A plan's multiply-adds are those of the network, which counts one a bias") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(3, "native plan"), static_cast<uint64_t>(block));
    const bool mobile = block == BlockType::kMBConv;
    const Model model = mobile ? TinyModel("MBConv") : RandomModel(block, random);
    CAPTURE(ModelToJson(model).dump());
    const NetworkPlan network = PlanNetwork(model);
    int64_t sum = 0;
    for (const ConvStep& conv : PlanStep(network, 2, true).convs) {
      sum += conv.multiply_adds() + (conv.bias < 0 ? 0 : conv.shape.out);
    }
    CHECK(sum == CountComplexity(model).flops);
  }
}

TEST_CASE("A plan has a phase a layer in each direction and one for the head") {
  const NetworkPlan network = PlanNetwork(TinyModel("Y"));
  const StepPlan plan = PlanStep(network, 32, /*learns=*/true);
  CHECK(plan.layers.size() == 1 + 3 * 3);
  CHECK(plan.phases() == 21);
  CHECK(PlanStep(network, 32, /*learns=*/false).phases() == 11);
  CHECK(plan.layers[1].units.size() == 2);  // with the projection
  CHECK(plan.layers[3].squeeze == 0);
  CHECK(plan.layers[7].identity == 3);  // the third block keeps its shape
}

TEST_CASE("Large weights are summed in fewer chunks") {
  const auto chunks = [](int width) {
    const std::string w = std::to_string(width);
    const NetworkPlan network = PlanNetwork(ModelOf(
        R"({"type":"anynet","block":"V","resolution":32,"classes":10,"depths":[2],"widths":[)" + w +
        "]}"));
    return PlanStep(network, 64, true).layers.back().chunks;
  };
  CHECK(chunks(64) == kMostChunks);
  CHECK(chunks(2048) == 4);
}

TEST_CASE("Large values go by equal bands of whole, aligned rows") {
  int most = 1, most_beside = 1;  // bands; the same where rows beside them are read
  for (const char* name : {"regnetx-200mf", "regnety-400mf", "resnet-50", "efficientnet-b0"}) {
    for (const int resolution : {224, 225, 232, 64}) {
      CAPTURE(name, resolution);
      Model model = NamedModel(name);
      model.frame.resolution = resolution;
      const NetworkPlan network = PlanNetwork(model);
      const StepPlan plan = PlanStep(network, 2, true);
      for (const LayerStep& layer : plan.layers) {
        most = std::max(most, layer.bands);
        if (layer.bands == 1) continue;
        CHECK(layer.squeeze == -1);
        for (const int unit : layer.units) {
          const ConvStep& conv = plan.conv_of(plan.units[unit]);
          CAPTURE(conv.name, layer.bands);
          CHECK(conv.shape.out_height() % layer.bands == 0);
          if (conv.shape.kernel > 1) {
            most_beside = std::max(most_beside, layer.bands);
            CHECK(conv.kernel->reads_x_margins());
            CHECK(layer.join == -1);
            CHECK(conv.shape.x_row_floats() % FloatArray::kVector == 0);
            CHECK(conv.shape.out_height() / layer.bands >= conv.shape.dy_margins().below);
          }
          CHECK(conv.in_floats() / layer.bands % FloatArray::kVector == 0);
          CHECK(conv.out_floats() / layer.bands % FloatArray::kVector == 0);
        }
      }
    }
  }
  CHECK(most > 8);
  CHECK(most_beside > 4);
  // A convolution of so few channels gets the images' kernel, which does not read dy's margins.
  const NetworkPlan narrow = PlanNetwork(ModelOf(
      R"({"type":"anynet","block":"Basic","stem":"cifar","stem_width":8,"resolution":224,
        "classes":3,"depths":[1],"widths":[3]})"));
  for (const LayerStep& layer : PlanStep(narrow, 2, true).layers) {
    if (layer.unit >= 0) CHECK(layer.bands == 1);
  }
  const NetworkPlan small = PlanNetwork(TinyModel("X"));
  CHECK(PlanStep(small, 2, true).layers[1].bands == 1);
}

TEST_CASE("A plan is printed a line a phase") {
  const std::string text = PlanText(TinyModel("Y"), 32);
  CHECK(std::ranges::count(text, '\n') == 4 + 21);
  CHECK_THAT(text, Catch::Contains("plan for 32 images: 21 phases"));
  CHECK_THAT(text, Catch::Contains("1  forward   block1-0.f.a + proj"));
  CHECK_THAT(text, Catch::Contains("16x16x16 -> 16x16x16, 3x3, 2 groups"));
  CHECK_THAT(text, Catch::Contains("20  backward  stem"));
}

}  // namespace dse::native::step_plan_test
