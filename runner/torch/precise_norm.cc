#include "runner/torch/precise_norm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace dse {

PreciseStatistics::PreciseStatistics(const Network& network) : network_(network) {
  for (const Network::NamedNorm& named : network_.norms()) {
    momenta_.push_back(named.norm->momentum);
    named.norm->momentum = 1;
    sums_.push_back(at::zeros_like(named.norm->running_mean));
    sums_.push_back(at::zeros_like(named.norm->running_var));
  }
}

PreciseStatistics::~PreciseStatistics() {
  for (size_t i = 0; i < momenta_.size(); ++i) network_.norms()[i].norm->momentum = momenta_[i];
}

void PreciseStatistics::Add() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < momenta_.size(); ++i) {
    sums_[2 * i].add_(network_.norms()[i].norm->running_mean);
    sums_[2 * i + 1].add_(network_.norms()[i].norm->running_var);
  }
  ++batches_;
}

void PreciseStatistics::Store(AllReduce& sum, int replica, int replicas) {
  const at::NoGradGuard no_grad;
  sum.Sum(replica, sums_);
  const double count = static_cast<double>(batches_ * replicas);
  for (size_t i = 0; i < momenta_.size(); ++i) {
    network_.norms()[i].norm->running_mean.copy_(sums_[2 * i].div_(count));
    network_.norms()[i].norm->running_var.copy_(sums_[2 * i + 1].div_(count));
  }
}

}  // namespace dse
