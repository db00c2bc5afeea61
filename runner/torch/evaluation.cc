#include "runner/torch/evaluation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "runner/data/batches.h"
#include "runner/torch/batch_part.h"
#include "runner/torch/normalize.h"
#include "runner/torch/precision.h"
#include "runner/torch/step.h"
#include "runner/torch/weights.h"

namespace dse {

namespace {

void CheckClasses(const EvaluationJob& job) {
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

}  // namespace

EvaluationResult TestWeights(const EvaluationJob& job, at::Device device, int threads, int parts) {
  const at::NoGradGuard no_grad;
  const Frame& frame = job.model.frame;
  CheckClasses(job);
  const Precision precision = ResolvePrecision(job.recipe.precision, device);
  AllowTf32(precision == Precision::kTf32);
  const Network network(PlanNetwork(job.model), {device, at::kFloat, 0});
  DatasetInfo channels;
  ReadChannels(ReadWeights(job.weights, job.model, network), job.weights, channels);
  BatchOptions options;
  options.batch_size = job.recipe.batch_size;
  options.resolution = frame.resolution;
  options.test_images = job.recipe.test_images;
  options.threads = threads;
  options.tests_only = true;
  BatchReader reader(job.data, options);
  Normalizer normalizer(LargestPart(job.recipe.batch_size, parts), frame.resolution, channels.mean,
                        channels.stddev, device);
  const std::vector<int64_t> places = PlacesAmongTested(job.classes);
  const at::Tensor tested =
      at::tensor(std::vector<int64_t>(job.classes.tested.begin(), job.classes.tested.end()),
                 at::TensorOptions(at::kLong))
          .to(device);
  const at::Tensor loss = at::zeros({}, at::TensorOptions(device).dtype(at::kDouble));
  const at::Tensor wrong = at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
  Batch batch;
  int64_t images = 0;  // without corrupt ones
  for (int64_t step = 0; step < reader.TestBatches(); ++step) {
    reader.ReadTest(step, batch);
    images += batch.size;
    Relabel(places, job.data.info().uri, batch);
    for (int part = 0; part < parts; ++part) {
      const BatchPart range = PartOf(batch.size, part, parts);
      if (range.count == 0) continue;
      const Autocast autocast(precision, device);
      const at::Tensor labels = normalizer.Labels(batch, range.first, range.count);
      at::Tensor logits =
          network.Forward(normalizer.Images(batch, range.first, range.count), /*training=*/false);
      if (job.classes.subset()) logits = logits.index_select(1, tested);
      loss.add_(Loss(logits, labels, /*label_smoothing=*/0), range.count);
      wrong.add_(logits.argmax(1).ne(labels).sum());
    }
  }
  CheckTested(job.data, images);
  const auto count = static_cast<double>(images);
  return {100 * static_cast<double>(wrong.item<int64_t>()) / count, loss.item<double>() / count,
          images};
}

}  // namespace dse
