#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/error.h"
#include "runner/torch/network.h"
#include "runner/torch/network_records.h"
#include "runner/torch/optimizer.h"
#include "runner/torch/probes.h"
#include "runner/torch/step.h"
#include "runner/training/weights.h"

namespace dse::probe {
namespace {

// The training batches of a file, their shape taken from the file.
struct Batches {
  at::Tensor images;  // [steps, n, 3, r, r]
  at::Tensor labels;  // [steps, n], or undefined
};

at::ScalarType TypeOf(const TensorRecord& record) {
  switch (record.type) {
    case TensorType::kF32:
      return at::kFloat;
    case TensorType::kF64:
      return at::kDouble;
    case TensorType::kI64:
      break;
  }
  return at::kLong;
}

// Undefined where there is none.
at::Tensor Take(const TensorFile& file, const std::string& path, const std::string& name) {
  const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                  [&](const TensorRecord& one) { return one.name == name; });
  if (found == file.tensors.end()) return {};
  const at::Tensor tensor = at::empty(found->shape, at::TensorOptions(TypeOf(*found)));
  RecordReader reader(file.tensors, path);
  CopyRecord(reader, name, tensor);
  return tensor;
}

Batches ReadBatches(const std::string& path) {
  const TensorFile file = ReadSafetensors(path, Checksum::kWherePresent);
  const Batches batches{Take(file, path, "images"), Take(file, path, "labels")};
  if (!batches.images.defined()) throw Error(path + ": has no 'images'");
  return batches;
}

}  // namespace

void WriteInitialWeights(const Model& model, uint64_t seed, WeightNames names,
                         const std::string& path) {
  const Network network(PlanNetwork(model), {at::kCPU, at::kFloat, seed});
  TensorFile file = PublishWeights(model, names, RecordsOf(network));
  file.metadata = DescribeNetwork(model, names);
  WriteSafetensors(path, file);
}

void RunPeer(const Model& model, const Recipe& recipe, const std::string& weights,
             const std::string& batches, const std::string& out) {
  const Batches data = ReadBatches(batches);
  const TensorType type =
      data.images.scalar_type() == at::kDouble ? TensorType::kF64 : TensorType::kF32;
  const auto fresh = [&](const auto& use) {
    const Network network(PlanNetwork(model), {at::kCPU, data.images.scalar_type(), 0});
    CopyRecords(ReadWeights(weights, model, type).tensors, weights, network);
    return use(network);
  };
  const auto images = [&](int64_t step) {
    return data.images.select(0, step).contiguous(at::MemoryFormat::ChannelsLast);
  };
  const auto logits = [&](bool training) {
    const at::NoGradGuard no_grad;
    return fresh([&](const Network& network) { return network.Forward(images(0), training); });
  };
  const auto losses = [&](const Network& network) {
    Optimizer optimizer(network.parameters(), recipe);
    at::Tensor values = at::zeros({data.images.size(0)}, data.images.options());
    for (int64_t step = 0; step < values.size(0); ++step) {
      const MicroBatch batch{images(step), data.labels.select(0, step)};
      values.select(0, step).copy_(TrainStep(network, optimizer, batch, recipe, recipe.lr).loss);
    }
    return values;
  };
  TensorFile file;
  file.tensors = {ToRecord("eval", logits(false)), ToRecord("train", logits(true))};
  if (data.labels.defined()) file.tensors.push_back(ToRecord("losses", fresh(losses)));
  WriteSafetensors(out, file);
}

}  // namespace dse::probe
