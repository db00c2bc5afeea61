#include "runner/torch/torch_network.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#ifdef DSE_TORCH_CUDA
#include <c10/cuda/CUDAGuard.h>
#endif

#include "runner/torch/network_records.h"
#include "runner/training/replica_records.h"

namespace dse {
namespace {

// Sets what the library keeps for each thread.
void PrepareThread(at::Device device, int threads) {
  at::set_num_threads(threads);
#ifdef DSE_TORCH_CUDA
  if (device.is_cuda()) c10::cuda::set_device(device.index());
#else
  static_cast<void>(device);
#endif
}

std::vector<at::Device> FirstDevices(const Site& site, int replicas) {
  return {site.devices.begin(), site.devices.begin() + replicas};
}

// losses[i] of all replicas added up.
std::vector<double> SumLosses(const std::vector<DeviceTally>& tallies) {
  at::Tensor sum = tallies.front().losses.cpu();
  for (size_t i = 1; i < tallies.size(); ++i) sum = sum + tallies[i].losses.cpu();
  const double* begin = sum.const_data_ptr<double>();
  return {begin, begin + sum.numel()};
}

int64_t SumWrong(const std::vector<DeviceTally>& tallies) {
  int64_t sum = 0;
  for (const DeviceTally& tally : tallies) sum += tally.wrong.item<int64_t>();
  return sum;
}

}  // namespace

template <typename Work>
void TorchNetwork::Run(const Work& work) {
  try {
    group_->Run([&](int i) {
      const auto index = static_cast<size_t>(i);
      work(*replicas_[index], index);
    });
  } catch (...) {
    // Whoever catches this asks the devices whether they answer. One whose sum waits for a failed
    // replica does so only once the sums are gone, and these go after the threads that use them.
    group_.reset();
    sum_.reset();
    throw;
  }
}

TorchNetwork::TorchNetwork(const NetworkRequest& request, const Site& site)
    : site_(site),
      devices_(FirstDevices(site, request.division.replicas)),
      sum_(MakeAllReduce(devices_)),
      group_(std::make_unique<ReplicaGroup>(request.division.replicas, [this] { sum_->Abort(); })),
      replicas_(devices_.size()) {
  group_->Run([&](int i) {
    const auto index = static_cast<size_t>(i);
    PrepareThread(devices_[index], std::max(1, site.threads / group_->size()));
    replicas_[index] = std::make_unique<Replica>(request, devices_[index], i, *sum_);
  });
}

void TorchNetwork::StartTally(int64_t steps) {
  GuardedAt(site_, [&] {
    tallies_.clear();
    for (const auto& replica : replicas_) tallies_.push_back(replica->MakeTally(steps));
    steps_ = 0;
  });
}

Tally TorchNetwork::TakeTally() {
  return GuardedAt(site_, [&] { return Tally{SumLosses(tallies_), SumWrong(tallies_)}; });
}

void TorchNetwork::Step(const Batch& batch, const StepPlace& place) {
  GuardedAt(site_, [&] {
    Run([&](Replica& replica, size_t i) { replica.Step(batch, place, steps_, tallies_[i]); });
    ++steps_;
  });
}

std::optional<double> TorchNetwork::LastLoss() {
  if (!site_.on_cpu() || steps_ == 0) return std::nullopt;
  double loss = 0;
  for (const DeviceTally& tally : tallies_) {
    loss += tally.losses.const_data_ptr<double>()[steps_ - 1];
  }
  return loss;
}

void TorchNetwork::Test(const Batch& batch, const std::vector<int64_t>& tested) {
  GuardedAt(site_, [&] {
    Run([&](Replica& replica, size_t i) { replica.Test(batch, tested, tallies_[i]); });
  });
}

void TorchNetwork::StartStatistics() {
  GuardedAt(site_, [&] {
    for (const auto& replica : replicas_) {
      statistics_.push_back(std::make_unique<PreciseStatistics>(replica->network()));
    }
  });
}

void TorchNetwork::AddStatistics(const Batch& batch) {
  GuardedAt(site_, [&] {
    Run([&](Replica& replica, size_t i) { replica.AddStatistics(batch, *statistics_[i]); });
  });
}

void TorchNetwork::StoreStatistics() {
  GuardedAt(site_, [&] {
    Run([&](Replica&, size_t i) {
      statistics_[i]->Store(*sum_, static_cast<int>(i), group_->size());
    });
    statistics_.clear();
  });
}

void TorchNetwork::DropStatistics() { statistics_.clear(); }

void TorchNetwork::ShareStatistics() {
  GuardedAt(site_, [&] { Run([](Replica& replica, size_t) { replica.ShareStatistics(); }); });
}

void TorchNetwork::SwapAverage() {
  GuardedAt(site_, [&] { Run([](Replica& replica, size_t) { replica.SwapAverage(); }); });
}

std::vector<TensorRecord> TorchNetwork::GiveNetwork() {
  return GuardedAt(site_, [&] { return RecordsOf(replicas_.front()->network()); });
}

void TorchNetwork::TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) {
  GuardedAt(site_, [&] {
    for (const auto& replica : replicas_) CopyRecords(records, path, replica->network());
  });
}

std::vector<TensorRecord> TorchNetwork::GiveRecords(UpdateState& state) {
  return GuardedAt(site_, [&] {
    std::vector<TensorRecord> records;
    for (const NamedTensor& tensor : replicas_.front()->LearnedState()) {
      records.push_back(ToRecord(tensor.name, tensor.values));
    }
    for (size_t i = 0; i < replicas_.size(); ++i) {
      for (const NamedTensor& tensor : StatisticsOf(replicas_[i]->network())) {
        records.push_back(ToRecord(OfReplica(i, tensor.name), tensor.values));
      }
    }
    state = replicas_.front()->updates();
    return records;
  });
}

void TorchNetwork::TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                               const std::string& path) {
  GuardedAt(site_, [&] {
    for (size_t i = 0; i < replicas_.size(); ++i) {
      RecordReader reader(records, path);
      for (const NamedTensor& tensor : replicas_[i]->LearnedState()) {
        CopyRecord(reader, tensor.name, tensor.values);
      }
      for (const NamedTensor& tensor : StatisticsOf(replicas_[i]->network())) {
        CopyRecord(reader, KeptForReplica(reader, i, tensor.name), tensor.values);
      }
      replicas_[i]->set_updates(state);
    }
  });
}

}  // namespace dse
