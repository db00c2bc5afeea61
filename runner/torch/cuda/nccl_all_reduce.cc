#include "runner/torch/cuda/nccl_all_reduce.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <atomic>
#include <string>

#include "core/error.h"

namespace dse::cuda {
namespace {

void Check(ncclResult_t result, const char* what) {
  if (result == ncclSuccess) return;
  throw Error(std::string("NCCL failed to ") + what + ": " + ncclGetErrorString(result));
}

ncclDataType_t TypeOf(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kFloat:
      return ncclFloat32;
    case at::kDouble:
      return ncclFloat64;
    default:
      throw Error("internal: tensors of this type are not summed over replicas");
  }
}

class Nccl : public AllReduce {
 public:
  explicit Nccl(const std::vector<at::Device>& devices) : communicators_(devices.size()) {
    std::vector<int> indices;
    for (const at::Device& device : devices) indices.push_back(device.index());
    Check(ncclCommInitAll(communicators_.data(), static_cast<int>(indices.size()), indices.data()),
          "join the GPUs");
  }
  ~Nccl() override {
    if (aborted_) return;
    for (ncclComm_t communicator : communicators_) ncclCommDestroy(communicator);
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  // Likes have one layout: they come from the same operations.
  void Sum(int replica, const std::vector<at::Tensor>& tensors) override {
    ncclComm_t communicator = communicators_[static_cast<size_t>(replica)];
    const cudaStream_t stream = c10::cuda::getCurrentCUDAStream().stream();
    Check(ncclGroupStart(), "begin a sum");
    for (const at::Tensor& tensor : tensors) {
      Check(ncclAllReduce(tensor.const_data_ptr(), tensor.mutable_data_ptr(),
                          static_cast<size_t>(tensor.numel()), TypeOf(tensor), ncclSum,
                          communicator, stream),
            "add gradients up");
    }
    Check(ncclGroupEnd(), "add gradients up");
  }

  void Abort() override {
    if (aborted_.exchange(true)) return;
    for (ncclComm_t communicator : communicators_) ncclCommAbort(communicator);
  }

 private:
  std::vector<ncclComm_t> communicators_;
  std::atomic<bool> aborted_{false};
};

}  // namespace

std::unique_ptr<AllReduce> MakeNcclAllReduce(const std::vector<at::Device>& devices) {
  return std::make_unique<Nccl>(devices);
}

}  // namespace dse::cuda
