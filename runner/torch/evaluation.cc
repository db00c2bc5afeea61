#include "runner/torch/evaluation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/error.h"
#include "runner/batches.h"
#include "runner/torch/batch_part.h"
#include "runner/torch/normalize.h"
#include "runner/torch/precision.h"
#include "runner/torch/step.h"
#include "runner/torch/weights.h"

namespace dse {

EvaluationResult TestWeights(const EvaluationJob& job, at::Device device, int threads, int parts) {
  const at::NoGradGuard no_grad;
  const Frame& frame = job.model.frame;
  if (job.data.info().classes() != frame.classes) {
    throw Error("the model has " + std::to_string(frame.classes) + " classes and " +
                job.data.info().uri + " has " + std::to_string(job.data.info().classes()));
  }
  const Precision precision = ResolvePrecision(job.recipe.precision, device);
  AllowTf32(precision == Precision::kTf32);
  const Network network(job.model, job.recipe.zero_init_gamma, {device, at::kFloat, 0});
  DatasetInfo channels;
  ReadChannels(ReadWeights(job.weights, job.model, network), job.weights, channels);
  BatchOptions options;
  options.batch_size = job.recipe.batch_size;
  options.resolution = frame.resolution;
  options.test_images = job.recipe.test_images;
  options.threads = threads;
  BatchReader reader(job.data, options);
  Normalizer normalizer(LargestPart(job.recipe.batch_size, parts), frame.resolution, channels.mean,
                        channels.stddev, device);
  const at::Tensor loss = at::zeros({}, at::TensorOptions(device).dtype(at::kDouble));
  const at::Tensor wrong = at::zeros({}, at::TensorOptions(device).dtype(at::kLong));
  Batch batch;
  int64_t images = 0;  // without corrupt ones
  for (int64_t step = 0; step < reader.TestBatches(); ++step) {
    reader.ReadTest(step, batch);
    images += batch.size;
    for (int part = 0; part < parts; ++part) {
      const BatchPart range = PartOf(batch.size, part, parts);
      if (range.count == 0) continue;
      const Autocast autocast(precision, device);
      const at::Tensor labels = normalizer.Labels(batch, range.first, range.count);
      const at::Tensor logits =
          network.Forward(normalizer.Images(batch, range.first, range.count), /*training=*/false);
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
