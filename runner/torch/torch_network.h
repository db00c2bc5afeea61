#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/torch/all_reduce.h"
#include "runner/torch/precise_norm.h"
#include "runner/torch/replica.h"
#include "runner/torch/replica_group.h"
#include "runner/torch/site.h"
#include "runner/training/engine_network.h"

namespace dse {

// A network of one replica on each of the site's first devices, as many as the request's division
// says. Every call is guarded, see site.h, but the constructor.
class TorchNetwork : public EngineNetwork {
 public:
  // What the request refers to, and the site, must outlive it.
  TorchNetwork(const NetworkRequest& request, const Site& site);

  void StartTally(int64_t steps) override;
  Tally TakeTally() override;
  void Step(const Batch& batch, const StepPlace& place) override;
  std::optional<double> LastLoss() override;
  void Test(const Batch& batch, const std::vector<int64_t>& tested) override;

  void StartStatistics() override;
  void AddStatistics(const Batch& batch) override;
  void StoreStatistics() override;
  void DropStatistics() override;
  void ShareStatistics() override;
  void SwapAverage() override;

  std::vector<TensorRecord> GiveNetwork() override;
  void TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) override;
  std::vector<TensorRecord> GiveRecords(UpdateState& state) override;
  void TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                   const std::string& path) override;

  const std::vector<std::unique_ptr<Replica>>& replicas() const { return replicas_; }

 private:
  // Calls work(replica, its number) in every replica's thread; not again after one that threw.
  template <typename Work>
  void Run(const Work& work);

  const Site& site_;
  const std::vector<at::Device> devices_;  // of the replicas
  std::unique_ptr<AllReduce> sum_;
  std::unique_ptr<ReplicaGroup> group_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::vector<std::unique_ptr<PreciseStatistics>> statistics_;  // one each, while they are taken
  std::vector<DeviceTally> tallies_;                            // one each
  int64_t steps_ = 0;                                           // since StartTally
};

}  // namespace dse
