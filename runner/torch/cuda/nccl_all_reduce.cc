#include "runner/torch/cuda/nccl_all_reduce.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "runner/training/rendezvous.h"

namespace dse::cuda {
namespace {

void Check(ncclResult_t result, const char* what) {
  if (result == ncclSuccess) return;
  throw Error(std::string("NCCL failed to ") + what + ": " + ncclGetErrorString(result),
              Fault::kWorker);
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

// The replicas meet before they launch a sum and behind it: none launches after one has failed, and
// no communicator is touched but by its own replica, until the destructor, when none works. A sum
// that lacks a failed replica's part waits on its GPU, not in its thread, and ends there.
class Nccl : public AllReduce {
 public:
  explicit Nccl(const std::vector<at::Device>& devices)
      : communicators_(devices.size()), rendezvous_(static_cast<int>(devices.size())) {
    // All connections now: made with the first sums, they would keep threads waiting for each other
    // inside NCCL, where no Abort reaches them.
    setenv("NCCL_RUNTIME_CONNECT", "0", /*overwrite=*/0);
    std::vector<int> indices;
    for (const at::Device& device : devices) indices.push_back(device.index());
    Check(ncclCommInitAll(communicators_.data(), static_cast<int>(indices.size()), indices.data()),
          "join the GPUs");
  }
  ~Nccl() override {
    const bool aborted = rendezvous_.aborted();
    for (ncclComm_t communicator : communicators_) {
      static_cast<void>(aborted ? ncclCommAbort(communicator) : ncclCommDestroy(communicator));
    }
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  // Likes have one layout: they come from the same operations.
  void Sum(int replica, const std::vector<at::Tensor>& tensors) override {
    rendezvous_.Meet();
    Launch(communicators_[static_cast<size_t>(replica)], tensors);
    rendezvous_.Meet();
  }

  void Abort() override { rendezvous_.Abort(); }

 private:
  static void Launch(ncclComm_t communicator, const std::vector<at::Tensor>& tensors) {
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

  std::vector<ncclComm_t> communicators_;
  Rendezvous rendezvous_;
};

}  // namespace

std::unique_ptr<AllReduce> MakeNcclAllReduce(const std::vector<at::Device>& devices) {
  return std::make_unique<Nccl>(devices);
}

}  // namespace dse::cuda
