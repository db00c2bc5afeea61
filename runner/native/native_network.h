#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/native/step_runner.h"
#include "runner/native/update.h"
#include "runner/training/engine_network.h"
#include "runner/training/noise.h"
#include "runner/training/record_reader.h"

namespace dse::native {

// A network on the CPU. Replicas are parts of a batch as micro-batches are: they come one after
// another, each on all threads, and differ in their running statistics alone. A function of the
// request and of the batches, to the last bit; not of the number of threads.
class NativeNetwork : public EngineNetwork {
 public:
  // What the request refers to must outlive it. Throws std::bad_alloc.
  NativeNetwork(const NetworkRequest& request, int threads);

  void StartTally(int64_t steps) override;
  Tally TakeTally() override { return tally_; }
  void Step(const Batch& batch, const StepPlace& place) override;
  std::optional<double> LastLoss() override;
  void Test(const Batch& batch, const std::vector<int64_t>& tested) override;

  void StartStatistics() override;
  void AddStatistics(const Batch& batch) override;
  void StoreStatistics() override;
  void DropStatistics() override { batches_ = 0; }
  void ShareStatistics() override;
  void SwapAverage() override;

  std::vector<TensorRecord> GiveNetwork() override;
  void TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) override;
  std::vector<TensorRecord> GiveRecords(UpdateState& state) override;
  void TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                   const std::string& path) override;

 private:
  Pass PassOf(const Batch& batch, int part) const;
  Pass TrainingPassOf(const Batch& batch, int part, int64_t image);
  void PackIfChanged();
  // Calls visit(prefix of the name, array) for each array beside the parameters that training
  // changes.
  template <typename Visit>
  void ForEachArray(const Visit& visit);

  const Recipe& recipe_;
  const Division division_;
  Team team_;
  Parameters parameters_;
  const StepPlan plan_;
  StepState state_;
  const ImageInput images_;
  StepRunner runner_;
  const NoiseSource noise_;
  std::vector<float> drop_path_, dropout_;  // of the present part
  std::optional<Update> update_;            // none of a network that is only tested
  std::vector<int> norms_;                  // units in the order of NetworkPlan::Norms
  Tally tally_;
  size_t steps_ = 0;  // since StartTally
  bool packed_ = false;

  struct MeanStatistics {
    std::vector<double> mean;
    std::vector<double> var;
  };
  std::vector<MeanStatistics> sums_;  // of each unit, over the batches since StartStatistics
  int64_t batches_ = 0;
};

}  // namespace dse::native
