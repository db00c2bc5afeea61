#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "runner/torch/network.h"

namespace dse {

// Sets every normalisation's running statistics to the means, over `batches` batches, of the
// batches' means and (unbiased) variances: the authors' precise BN. `images(i)` gives the input of
// batch i; `should_stop` is asked before each. Returns false, with statistics half taken, if it was
// told to stop.
bool TakePreciseStatistics(Network& network, int64_t batches,
                           const std::function<at::Tensor(int64_t)>& images,
                           const std::function<bool()>& should_stop);

}  // namespace dse
