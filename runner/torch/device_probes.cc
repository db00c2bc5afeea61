#include "runner/torch/device_probes.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include "runner/torch/fused_sgd.h"
#include "runner/torch/network.h"
#include "runner/torch/precision.h"
#include "runner/torch/torch_engine.h"
#include "runner/training/evaluation.h"

namespace dse::probe {
namespace {

std::atomic<int64_t> largest_convolution{0};

std::unique_ptr<at::ObserverContext> NoteImages(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::conv2d") return nullptr;
  const int64_t images = function.inputs()[0].toTensor().size(0);
  int64_t largest = largest_convolution;
  while (images > largest && !largest_convolution.compare_exchange_weak(largest, images)) {
  }
  return nullptr;
}

}  // namespace

FusedStep FusedSgdStep(const Recipe& recipe, double lr) {
  const at::Tensor value = at::ones({1}), average = at::full({1}, 5.0);
  FusedSgd({value}, {at::ones({1})}, {average},
           {lr, recipe.momentum, recipe.weight_decay, recipe.nesterov});
  return {value.item<double>(), average.item<double>()};
}

Bf16Logits LogitsInBf16(const Model& model, int images) {
  const at::NoGradGuard no_grad;
  const Network network(PlanNetwork(model), {at::kCPU, at::kFloat, 5});
  const int64_t side = model.frame.resolution;
  at::manual_seed(5);
  const at::Tensor x =
      at::randn({images, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
  const Autocast autocast(Precision::kBf16, at::kCPU);
  const at::Tensor logits = network.Forward(x, /*training=*/true);
  const at::Tensor exact = logits.to(at::kDouble);
  const at::Tensor rounded = logits.to(at::kBFloat16).to(at::kDouble);
  return {logits.scalar_type() == at::kFloat, (exact - rounded).abs().max().item<double>(),
          exact.abs().max().item<double>()};
}

bool Tf32Allowed() {
  return at::globalContext().allowTF32CuDNN() || at::globalContext().allowTF32CuBLAS();
}

void AllowTf32(bool allowed) { dse::AllowTf32(allowed); }

int64_t LargestConvolution(const std::function<void()>& body) {
  largest_convolution = 0;
  const at::CallbackHandle handle = at::addGlobalCallback(
      at::RecordFunctionCallback(NoteImages).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  body();
  at::removeCallback(handle);
  return largest_convolution;
}

EvaluationResult EvaluateInParts(const EvaluationJob& job, int parts) {
  return TestWeights(job, *MakeTorchEngine({"cpu", 1}), parts);
}

}  // namespace dse::probe
