#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace dse {

// Adds tensors up over the replicas of a network, which live in threads of one process.
class AllReduce {
 public:
  virtual ~AllReduce() = default;
  // Replaces every tensor by the sum of its likes over all replicas, added in the order of the
  // replicas on the CPU. Every replica's thread calls it with tensors of the same shapes, and waits
  // for the others. Throws Error after Abort.
  virtual void Sum(int replica, const std::vector<at::Tensor>& tensors) = 0;
  // Wakes the replicas that wait: another one failed. There is no Sum afterwards.
  virtual void Abort() = 0;
};

// In memory for replicas on the CPU, with NCCL for GPUs, each of which has one replica; nothing to
// do for one replica. Throws Error where NCCL fails.
std::unique_ptr<AllReduce> MakeAllReduce(const std::vector<at::Device>& devices);

}  // namespace dse
