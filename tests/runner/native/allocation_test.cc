#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "core/named_models.h"
#include "runner/native/native_engine.h"
#include "runner/native/step_plan.h"
#include "tests/runner/native/counted_new.h"
#include "tests/support/random_batch.h"
#include "tests/support/random_model.h"
#include "tests/support/sanitized.h"

namespace dse::allocation_test {
namespace {

int64_t AllocationsOfSteps(const Model& model, const Recipe& recipe, int threads) {
  const std::unique_ptr<Engine> engine = MakeNativeEngine({"cpu", threads});
  const NetworkPlan plan = PlanNetwork(model);
  const std::unique_ptr<EngineNetwork> network = engine->Make({plan, recipe});
  const Batch batch = RandomBatch(model.frame, recipe.batch_size, 1);
  network->StartTally(4);
  network->Step(batch, {0, 0.01});  // threads start with the first
  const int64_t before = CountAllocations();
  for (int step = 1; step < 4; ++step) network->Step(batch, {step * recipe.batch_size, 0.01});
  network->Test(batch, {});
  return CountAllocations() - before;
}

}  // namespace

TEST_CASE("The count sees what is allocated") {
  const int64_t before = CountAllocations();
  const auto made = std::make_unique<std::vector<int>>(100);
  CHECK(CountAllocations() - before == 2);
}

TEST_CASE("The native engine allocates nothing in a step or a test") {
  for (const BlockType block : kEveryBlock) {
    RandomStream random(StreamKey(4, "native allocations"), static_cast<uint64_t>(block));
    Recipe recipe;
    recipe.batch_size = 8;
    recipe.mixup = 0.2;
    recipe.drop_path = 0.3;
    recipe.dropout = 0.2;
    recipe.grad_clip = 1;
    recipe.ema_decay = 0.9;
    recipe.label_smoothing = 0.1;
    for (const int threads : {1, 3}) {
      CHECK(AllocationsOfSteps(SmallModel(block, random), recipe, threads) == 0);
    }
  }
}

TEST_CASE("A plan says within 5% what a training takes of memory") {
  for (const char* name : {"regnetx-200mf", "regnety-200mf", "resnet-50", "efficientnet-b0"}) {
    CAPTURE(name);
    Model model = NamedModel(name);
    model.frame.resolution = kSanitized ? 32 : 64;
    Recipe recipe;
    recipe.batch_size = 4;
    const int threads = 2;
    const NetworkPlan plan = PlanNetwork(model);
    const native::StepPlan step = native::PlanStep(plan, recipe.batch_size, /*learns=*/true);
    const size_t planned = step.shared_bytes() + threads * sizeof(float) * step.worker_floats();
    const int64_t before = AllocatedBytes();
    const std::unique_ptr<Engine> engine = MakeNativeEngine({"cpu", threads});
    const std::unique_ptr<EngineNetwork> network = engine->Make({plan, recipe});
    const Batch batch = RandomBatch(model.frame, recipe.batch_size, 1);
    network->StartTally(1);
    network->Step(batch, {0, 0.01});
    const auto taken = static_cast<double>(AllocatedBytes() - before);
    CHECK(taken / static_cast<double>(planned) == Approx(1).margin(0.05));
  }
}

}  // namespace dse::allocation_test
