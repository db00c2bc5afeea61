#include "runner/torch/all_reduce.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "runner/training/rendezvous.h"

#ifdef DSE_TORCH_CUDA
#include "runner/torch/cuda/nccl_all_reduce.h"
#endif

namespace dse {
namespace {

class OneReplica : public AllReduce {
 public:
  void Sum(int, const std::vector<at::Tensor>&) override {}
  void Abort() override {}
};

class InMemory : public AllReduce {
 public:
  explicit InMemory(size_t replicas)
      : tensors_(replicas), rendezvous_(static_cast<int>(replicas)) {}

  // Replica r adds up every tensor whose number leaves r, for all.
  void Sum(int replica, const std::vector<at::Tensor>& tensors) override {
    const at::NoGradGuard no_grad;
    const auto self = static_cast<size_t>(replica);
    tensors_[self] = tensors;
    rendezvous_.Meet();
    for (size_t i = self; i < tensors.size(); i += tensors_.size()) {
      const at::Tensor sum = tensors_[0][i].clone();
      for (size_t other = 1; other < tensors_.size(); ++other) sum.add_(tensors_[other][i]);
      for (const std::vector<at::Tensor>& likes : tensors_) likes[i].copy_(sum);
    }
    rendezvous_.Meet();
  }

  void Abort() override { rendezvous_.Abort(); }

 private:
  std::vector<std::vector<at::Tensor>> tensors_;  // of each replica, in this sum
  Rendezvous rendezvous_;
};

}  // namespace

std::unique_ptr<AllReduce> MakeAllReduce(const std::vector<at::Device>& devices) {
  if (devices.size() == 1) return std::make_unique<OneReplica>();
#ifdef DSE_TORCH_CUDA
  if (devices.front().is_cuda()) return cuda::MakeNcclAllReduce(devices);
#endif
  return std::make_unique<InMemory>(devices.size());
}

}  // namespace dse
