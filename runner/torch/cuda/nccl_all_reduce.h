#pragma once

#include <memory>
#include <vector>

#include "runner/torch/all_reduce.h"

namespace dse::cuda {

// One communicator per GPU, all in this process (ncclCommInitAll). Sums run on the calling thread's
// current stream.
std::unique_ptr<AllReduce> MakeNcclAllReduce(const std::vector<at::Device>& devices);

}  // namespace dse::cuda
