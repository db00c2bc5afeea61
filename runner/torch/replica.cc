#include "runner/torch/replica.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "runner/training/division.h"
#include "runner/training/update_rule.h"

namespace dse {

Replica::Replica(const NetworkRequest& request, at::Device device, int number, AllReduce& sum)
    : recipe_(request.recipe),
      device_(device),
      number_(number),
      division_(request.division),
      sum_(sum),
      precision_(ResolvePrecision(request.recipe.precision, device)),
      normalizer_(LargestPart(request.recipe.batch_size, division_.parts()),
                  request.plan.frame.resolution, request.mean, request.stddev, device),
      network_(request.plan, {device, at::kFloat, request.seed}),
      optimizer_(request.tests_only ? std::vector<Parameter>{} : network_.parameters(),
                 request.recipe),
      loss_scale_(precision_),
      noise_(request.recipe, request.plan, request.seed) {
  if (recipe_.ema_decay == 0 || request.tests_only) return;
  for (const Parameter& parameter : network_.parameters()) {
    average_.push_back(parameter.value.detach().clone());
  }
}

DeviceTally Replica::MakeTally(int64_t steps) const {
  const auto options = at::TensorOptions(device_);
  return {at::zeros({steps}, options.dtype(at::kDouble)), at::zeros({}, options.dtype(at::kLong))};
}

Noise Replica::DrawNoise(int64_t image, int64_t count) const {
  const auto upload = [&](const std::vector<float>& factors, int64_t rows, int64_t columns) {
    if (factors.empty()) return at::Tensor();
    return at::tensor(factors, at::TensorOptions(at::kFloat)).view({rows, columns}).to(device_);
  };
  return {upload(noise_.DrawDropPath(image, count), noise_.blocks(), count),
          upload(noise_.DrawDropout(image, count), count, noise_.features())};
}

MicroBatch Replica::MakeMicroBatch(const Batch& batch, int part, int64_t image) {
  const BatchPart range = PartOf(batch.size, part, division_.parts());
  MicroBatch micro;
  micro.images = normalizer_.Images(batch, range.first, range.count);
  micro.labels = normalizer_.Labels(batch, range.first, range.count);
  micro.noise = DrawNoise(image + range.first, range.count);
  micro.weight = static_cast<double>(range.count) / batch.size;
  if (recipe_.mixup > 0) micro.mixture = noise_.DrawMixture(image);
  return micro;
}

void Replica::SetMomentum(int micro_batch) {
  const double momentum = PartMomentum(division_, micro_batch);
  for (const Network::NamedNorm& named : network_.norms()) named.norm->momentum = momentum;
}

void Replica::Step(const Batch& batch, const StepPlace& place, int64_t step, DeviceTally& tally) {
  optimizer_.ClearGradients();
  for (int i = 0; i < division_.micro_batches; ++i) {
    SetMomentum(i);
    const MicroBatch micro =
        MakeMicroBatch(batch, number_ * division_.micro_batches + i, place.image);
    const StepOutput output =
        Differentiate(network_, micro, recipe_, precision_, loss_scale_.scale());
    tally.losses.select(0, step).add_(output.loss, micro.weight);
    tally.wrong.add_(output.wrong);
  }
  Update(place.lr);
}

void Replica::Update(double lr) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Parameter& parameter : network_.parameters()) {
    gradients.push_back(parameter.value.grad());
  }
  sum_.Sum(number_, gradients);
  if (loss_scale_.on() && !loss_scale_.Unscale(network_.parameters())) return;
  if (recipe_.grad_clip > 0) ClipGradients(network_.parameters(), recipe_.grad_clip);
  optimizer_.Step(lr);
  for (size_t i = 0; i < average_.size(); ++i) {
    average_[i].lerp_(network_.parameters()[i].value.detach(), 1 - recipe_.ema_decay);
  }
}

void Replica::ShareStatistics() {
  const at::NoGradGuard no_grad;
  if (division_.replicas == 1) return;
  std::vector<at::Tensor> statistics;
  for (const NamedTensor& tensor : StatisticsOf(network_)) statistics.push_back(tensor.values);
  sum_.Sum(number_, statistics);
  for (at::Tensor& tensor : statistics) tensor.div_(division_.replicas);
}

void Replica::AddStatistics(const Batch& batch, PreciseStatistics& statistics) {
  const at::NoGradGuard no_grad;
  for (int i = 0; i < division_.micro_batches; ++i) {
    const BatchPart range =
        PartOf(batch.size, number_ * division_.micro_batches + i, division_.parts());
    const Autocast autocast(precision_, device_);
    network_.Forward(normalizer_.Images(batch, range.first, range.count), /*training=*/true);
    statistics.Add();
  }
}

void Replica::Test(const Batch& batch, const std::vector<int64_t>& tested, DeviceTally& tally) {
  const at::NoGradGuard no_grad;
  at::Tensor outputs;
  if (!tested.empty()) outputs = at::tensor(tested, at::TensorOptions(at::kLong)).to(device_);
  for (int i = 0; i < division_.micro_batches; ++i) {
    const BatchPart range =
        PartOf(batch.size, number_ * division_.micro_batches + i, division_.parts());
    if (range.count == 0) continue;
    const Autocast autocast(precision_, device_);
    const at::Tensor labels = normalizer_.Labels(batch, range.first, range.count);
    at::Tensor logits =
        network_.Forward(normalizer_.Images(batch, range.first, range.count), /*training=*/false);
    if (!tested.empty()) logits = logits.index_select(1, outputs);
    tally.losses.select(0, 0).add_(Loss(logits, labels, /*label_smoothing=*/0), range.count);
    tally.wrong.add_(logits.argmax(1).ne(labels).sum());
  }
}

void Replica::SwapAverage() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < average_.size(); ++i) {
    const at::Tensor value = network_.parameters()[i].value.detach();
    const at::Tensor kept = value.clone();
    value.copy_(average_[i]);
    average_[i].copy_(kept);
  }
}

std::vector<NamedTensor> Replica::LearnedState() const {
  std::vector<NamedTensor> state;
  for (size_t i = 0; i < network_.parameters().size(); ++i) {
    const Parameter& parameter = network_.parameters()[i];
    state.push_back({"network." + parameter.name, parameter.value.detach()});
    if (!average_.empty()) state.push_back({"average." + parameter.name, average_[i]});
  }
  for (const Optimizer::Slot& slot : optimizer_.Slots()) {
    state.push_back({"optimizer." + slot.name, slot.values});
  }
  return state;
}

UpdateState Replica::updates() const {
  return {optimizer_.steps(), loss_scale_.scale(), loss_scale_.good_steps()};
}

void Replica::set_updates(const UpdateState& state) {
  optimizer_.set_steps(state.steps);
  loss_scale_.Restore(state.loss_scale, state.good_steps);
}

}  // namespace dse
