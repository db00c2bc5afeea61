#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "runner/torch/network.h"
#include "runner/torch/network_records.h"
#include "runner/torch/normalize.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/probes.h"
#include "runner/torch/step.h"
#include "runner/training/noise.h"
#include "runner/training/update_rule.h"

namespace dse::probe {
namespace {

void Append(const at::Tensor& tensor, std::vector<std::vector<double>>& to) {
  const at::Tensor values = tensor.detach().to(at::kDouble).contiguous();
  const double* first = values.const_data_ptr<double>();
  to.emplace_back(first, first + values.numel());
}

at::Tensor Factors(const std::vector<float>& factors, int64_t rows, int64_t columns) {
  if (factors.empty()) return {};
  return at::tensor(factors, at::TensorOptions(at::kFloat)).view({rows, columns}).to(at::kDouble);
}

// One part of a batch, as Replica makes it.
MicroBatch MakePart(const NetworkRequest& request, const Batch& batch, const BatchPart& range,
                    int64_t image) {
  Normalizer normalizer(range.count, batch.resolution, request.mean, request.stddev, at::kCPU);
  const NoiseSource noise(request.recipe, request.plan, request.seed);
  const int64_t first = image + range.first;
  MicroBatch part;
  part.images = normalizer.Images(batch, range.first, range.count).to(at::kDouble);
  part.labels = normalizer.Labels(batch, range.first, range.count);
  part.noise = {Factors(noise.DrawDropPath(first, range.count), noise.blocks(), range.count),
                Factors(noise.DrawDropout(first, range.count), range.count, noise.features())};
  part.weight = static_cast<double>(range.count) / batch.size;
  if (request.recipe.mixup > 0) part.mixture = noise.DrawMixture(image);
  return part;
}

}  // namespace

SteppedNetwork StepInDouble(const NetworkRequest& request, const std::vector<Batch>& batches,
                            double lr) {
  const Network network(request.plan, {at::kCPU, at::kDouble, request.seed});
  Optimizer optimizer(network.parameters(), request.recipe);
  SteppedNetwork result;
  int64_t image = 0;
  for (const Batch& batch : batches) {
    optimizer.ClearGradients();
    double& loss = result.losses.emplace_back();
    for (int i = 0; i < request.division.micro_batches; ++i) {
      for (const Network::NamedNorm& named : network.norms()) {
        named.norm->momentum = PartMomentum(request.division, i);
      }
      const MicroBatch part =
          MakePart(request, batch, PartOf(batch.size, i, request.division.parts()), image);
      const StepOutput output = Differentiate(network, part, request.recipe, Precision::kFp32, 1);
      loss += output.loss.item<double>() * part.weight;
    }
    if (request.recipe.grad_clip > 0) {
      ClipGradients(network.parameters(), request.recipe.grad_clip);
    }
    optimizer.Step(lr);
    image += batch.size;
  }
  for (const Parameter& parameter : network.parameters()) Append(parameter.value, result.tensors);
  for (const NamedTensor& statistics : StatisticsOf(network)) {
    Append(statistics.values, result.tensors);
  }
  return result;
}

}  // namespace dse::probe
