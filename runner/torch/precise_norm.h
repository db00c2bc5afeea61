#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "runner/torch/all_reduce.h"
#include "runner/torch/network.h"

namespace dse {

// The authors' precise BN: running statistics that are the means, over training batches, of the
// batches' means and (unbiased) variances. While it lives, a forward pass in training mode leaves
// the statistics of its batch alone in the running ones.
class PreciseStatistics {
 public:
  explicit PreciseStatistics(const Network& network);
  ~PreciseStatistics();
  PreciseStatistics(const PreciseStatistics&) = delete;
  PreciseStatistics& operator=(const PreciseStatistics&) = delete;

  // After each forward pass.
  void Add();
  // Sets the running statistics, over the batches of all replicas. Each must have added one.
  void Store(AllReduce& sum, int replica, int replicas);

 private:
  const Network& network_;
  std::vector<double> momenta_;
  std::vector<at::Tensor> sums_;  // mean and variance of each normalisation
  int64_t batches_ = 0;
};

}  // namespace dse
