#include "runner/training/evaluation.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "runner/data/batches.h"
#include "runner/training/network_plan.h"
#include "runner/training/weights.h"

namespace dse {
namespace {

void CheckClassMap(const EvaluationJob& job) {
  const ClassMap& map = job.classes;
  const int outputs = job.model.frame.classes;
  const bool inside = std::all_of(map.tested.begin(), map.tested.end(),
                                  [&](int output) { return output >= 0 && output < outputs; });
  if (map.network_classes != outputs || !inside ||
      static_cast<int>(map.outputs.size()) != job.data.info().classes()) {
    throw Error("the model has " + std::to_string(outputs) + " outputs and " + job.data.info().uri +
                " has " + std::to_string(job.data.info().classes()) +
                " classes, which the map from one to the other contradicts");
  }
}

// The place of each class of the data among the tested outputs.
std::vector<int64_t> PlacesAmongTested(const ClassMap& map) {
  std::vector<int64_t> places;
  for (const int output : map.outputs) {
    places.push_back(std::lower_bound(map.tested.begin(), map.tested.end(), output) -
                     map.tested.begin());
  }
  return places;
}

// The labels of a batch as places among the tested outputs.
void Relabel(const std::vector<int64_t>& places, const std::string& uri, Batch& batch) {
  for (int64_t& label : batch.labels) {
    if (label < 0 || label >= static_cast<int64_t>(places.size())) {
      throw Error(uri + ": an image has the label " + std::to_string(label) + " of " +
                  std::to_string(places.size()) + " classes");
    }
    label = places[static_cast<size_t>(label)];
  }
}

BatchOptions TestOptionsOf(const EvaluationJob& job, int threads) {
  BatchOptions options;
  options.batch_size = job.recipe.batch_size;
  options.resolution = job.model.frame.resolution;
  options.test_images = job.recipe.test_images;
  options.threads = threads;
  options.tests_only = true;
  return options;
}

}  // namespace

EvaluationResult TestWeights(const EvaluationJob& job, Engine& engine, int parts) {
  CheckClassMap(job);
  engine.ResolvePrecision(job.recipe.precision);
  const KeptWeights weights = ReadWeights(job.weights, job.model);
  const Channels channels = ReadChannels(weights.metadata, job.weights);
  const NetworkPlan plan = PlanNetwork(job.model);
  NetworkRequest request{plan, job.recipe};
  request.division.micro_batches = parts;
  request.mean = channels.mean;
  request.stddev = channels.stddev;
  request.tests_only = true;
  BatchReader reader(job.data, TestOptionsOf(job, engine.threads()));
  const std::unique_ptr<EngineNetwork> network = engine.Make(request);
  network->TakeNetwork(weights.tensors, job.weights);
  const std::vector<int64_t> places = PlacesAmongTested(job.classes);
  std::vector<int64_t> tested;
  if (job.classes.subset()) tested.assign(job.classes.tested.begin(), job.classes.tested.end());
  Batch batch;
  int64_t images = 0;  // without corrupt ones
  network->StartTally(1);
  for (int64_t step = 0; step < reader.TestBatches(); ++step) {
    reader.ReadTest(step, batch);
    images += batch.size;
    Relabel(places, job.data.info().uri, batch);
    network->Test(batch, tested);
  }
  CheckTested(job.data, images);
  const Tally tally = network->TakeTally();
  const auto count = static_cast<double>(images);
  return {100 * static_cast<double>(tally.wrong) / count, tally.losses.front() / count, images};
}

}  // namespace dse
