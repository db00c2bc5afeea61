#include "runner/torch/all_reduce.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <condition_variable>
#include <mutex>

#include "core/error.h"

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
  explicit InMemory(size_t replicas) : tensors_(replicas) {}

  // Replica r adds up every tensor whose number leaves r, for all.
  void Sum(int replica, const std::vector<at::Tensor>& tensors) override {
    const at::NoGradGuard no_grad;
    const auto self = static_cast<size_t>(replica);
    tensors_[self] = tensors;
    Meet();
    for (size_t i = self; i < tensors.size(); i += tensors_.size()) {
      const at::Tensor sum = tensors_[0][i].clone();
      for (size_t other = 1; other < tensors_.size(); ++other) sum.add_(tensors_[other][i]);
      for (const std::vector<at::Tensor>& likes : tensors_) likes[i].copy_(sum);
    }
    Meet();
  }

  void Abort() override {
    const std::lock_guard lock(mutex_);
    aborted_ = true;
    all_here_.notify_all();
  }

 private:
  void Meet() {
    std::unique_lock lock(mutex_);
    const int64_t meeting = meeting_;
    if (++arrived_ == tensors_.size()) {
      arrived_ = 0;
      ++meeting_;
      all_here_.notify_all();
    } else {
      all_here_.wait(lock, [&] { return aborted_ || meeting_ != meeting; });
    }
    if (aborted_) throw Error("another replica failed");
  }

  std::vector<std::vector<at::Tensor>> tensors_;  // of each replica, in this sum
  std::mutex mutex_;
  std::condition_variable all_here_;
  size_t arrived_ = 0;
  int64_t meeting_ = 0;
  bool aborted_ = false;
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
