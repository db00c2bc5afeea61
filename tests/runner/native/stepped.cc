#include "tests/runner/native/stepped.h"

#include <algorithm>

#include "core/hash.h"
#include "runner/native/native_engine.h"
#include "tests/support/random_batch.h"

namespace dse {
namespace {

// Many images, so that threads are in different layers at the same time.
Tally TestAlone(Engine& engine, const NetworkRequest& request,
                const std::vector<TensorRecord>& records, const Frame& frame) {
  Recipe recipe;
  recipe.batch_size = 40;
  const NetworkRequest alone{request.plan, recipe,         request.seed,       {},
                             request.mean, request.stddev, /*tests_only=*/true};
  const std::unique_ptr<EngineNetwork> network = engine.Make(alone);
  network->TakeNetwork(records, "records");
  network->StartTally(1);
  for (int i = 0; i < 2; ++i) network->Test(RandomBatch(frame, 40, 70 + i), {});
  return network->TakeTally();
}

}  // namespace

Recipe RichRecipe() {
  Recipe recipe;
  recipe.label_smoothing = 0.1;
  recipe.mixup = 0.3;
  recipe.ema_decay = 0.8;
  recipe.drop_path = 0.3;
  recipe.dropout = 0.2;
  recipe.grad_clip = 1;
  return recipe;
}

SteppedBytes Step(const SteppedCase& c) {
  Recipe recipe = c.recipe;
  recipe.batch_size = c.images;
  TrainerOptions options{"cpu", c.threads};
  options.replicas = c.division.replicas;
  const std::unique_ptr<Engine> engine = MakeNativeEngine(options);
  const NetworkPlan plan = PlanNetwork(c.model);
  const NetworkRequest request{plan, recipe, 3, c.division, {0.5f, 0.5f, 0.5f}, {0.2f, 0.2f, 0.2f}};
  const std::unique_ptr<EngineNetwork> network = engine->Make(request);
  network->StartTally(c.steps);
  for (int step = 0; step < c.steps; ++step) {
    network->Step(RandomBatch(c.model.frame, c.images, step), {int64_t{step} * c.images, 0.05});
  }
  const Tally trained = network->TakeTally();
  network->StartStatistics();
  network->AddStatistics(RandomBatch(c.model.frame, c.images, 50));
  network->StoreStatistics();
  network->StartTally(1);
  network->Test(RandomBatch(c.model.frame, c.images - 2, 60), {});
  const Tally tested = network->TakeTally();
  const Tally alone = TestAlone(*engine, request, network->GiveNetwork(), c.model.frame);

  SteppedBytes bytes{trained.losses, {trained.wrong, tested.wrong, alone.wrong}, {}};
  bytes.losses.push_back(tested.losses.front());
  bytes.losses.push_back(alone.losses.front());
  UpdateState state;
  for (const TensorRecord& record : network->GiveRecords(state)) {
    bytes.tensors.push_back(record.name + " " + ShortHash(record.data));
  }
  std::ranges::sort(bytes.tensors);
  return bytes;
}

}  // namespace dse
