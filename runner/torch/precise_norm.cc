#include "runner/torch/precise_norm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace dse {
namespace {

// While it lives, running statistics are those of the last batch alone.
class LastBatchOnly {
 public:
  explicit LastBatchOnly(const std::vector<NormState*>& norms) : norms_(norms) {
    for (NormState* norm : norms_) {
      momenta_.push_back(norm->momentum);
      norm->momentum = 1;
    }
  }
  ~LastBatchOnly() {
    for (size_t i = 0; i < norms_.size(); ++i) norms_[i]->momentum = momenta_[i];
  }
  LastBatchOnly(const LastBatchOnly&) = delete;
  LastBatchOnly& operator=(const LastBatchOnly&) = delete;

 private:
  const std::vector<NormState*>& norms_;
  std::vector<double> momenta_;
};

}  // namespace

bool TakePreciseStatistics(Network& network, int64_t batches,
                           const std::function<at::Tensor(int64_t)>& images,
                           const std::function<bool()>& should_stop) {
  const at::NoGradGuard no_grad;
  const std::vector<NormState*> norms = network.Norms();
  const LastBatchOnly last_batch_only(norms);
  struct Sums {
    at::Tensor mean;
    at::Tensor var;
  };
  std::vector<Sums> sums;
  for (const NormState* norm : norms) {
    sums.push_back({at::zeros_like(norm->running_mean), at::zeros_like(norm->running_var)});
  }
  for (int64_t i = 0; i < batches; ++i) {
    if (should_stop()) return false;
    network.Forward(images(i), /*training=*/true);
    for (size_t n = 0; n < norms.size(); ++n) {
      sums[n].mean.add_(norms[n]->running_mean);
      sums[n].var.add_(norms[n]->running_var);
    }
  }
  const double count = static_cast<double>(batches);
  for (size_t n = 0; n < norms.size(); ++n) {
    norms[n]->running_mean.copy_(sums[n].mean.div_(count));
    norms[n]->running_var.copy_(sums[n].var.div_(count));
  }
  return true;
}

}  // namespace dse
