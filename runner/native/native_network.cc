#include "runner/native/native_network.h"

#include <algorithm>

#include "runner/native/tensor_values.h"
#include "runner/training/replica_records.h"
#include "runner/training/update_rule.h"

namespace dse::native {
namespace {

// The units of a plan as NetworkPlan::Norms orders their normalisations.
std::vector<int> UnitsByNorm(const StepPlan& plan) {
  std::vector<int> units;
  for (const NormPlan* norm : plan.network->Norms()) {
    const auto found = std::ranges::find(plan.units, norm, &UnitStep::norm);
    units.push_back(static_cast<int>(found - plan.units.begin()));
  }
  return units;
}

int Slots(const NetworkRequest& request, int threads) {
  if (request.tests_only) return threads;
  return std::max(threads, LargestPart(request.recipe.batch_size, request.division.parts()));
}

}  // namespace

NativeNetwork::NativeNetwork(const NetworkRequest& request, int threads)
    : recipe_(request.recipe),
      division_(request.division),
      team_(threads),
      parameters_(request.plan, request.seed, !request.tests_only),
      plan_(PlanStep(request.plan, LargestPart(recipe_.batch_size, division_.parts()),
                     !request.tests_only)),
      state_(plan_, parameters_, division_.replicas, Slots(request, threads), threads),
      images_(request.mean, request.stddev),
      runner_(state_, images_, team_),
      noise_(recipe_, request.plan, request.seed),
      norms_(UnitsByNorm(plan_)) {
  if (!request.tests_only) update_.emplace(parameters_, recipe_, team_);
}

void NativeNetwork::StartTally(int64_t steps) {
  tally_.losses.assign(static_cast<size_t>(std::max<int64_t>(1, steps)), 0.0);
  tally_.wrong = 0;
  steps_ = 0;
}

Pass NativeNetwork::PassOf(const Batch& batch, int part) const {
  Pass pass;
  pass.batch = &batch;
  pass.range = PartOf(batch.size, part, division_.parts());
  pass.replica = part / division_.micro_batches;
  return pass;
}

Pass NativeNetwork::TrainingPassOf(const Batch& batch, int part, int64_t image) {
  Pass pass = PassOf(batch, part);
  noise_.DrawDropPath(image + pass.range.first, pass.range.count, drop_path_);
  noise_.DrawDropout(image + pass.range.first, pass.range.count, dropout_);
  pass.drop_path = drop_path_;
  pass.dropout = dropout_;
  if (recipe_.mixup > 0) pass.mixture = noise_.DrawMixture(image);
  return pass;
}

void NativeNetwork::PackIfChanged() {
  if (!packed_) runner_.PackWeights();
  packed_ = true;
}

void NativeNetwork::Step(const Batch& batch, const StepPlace& place) {
  PackIfChanged();
  update_->ClearGradients();
  const double weight = 1.0 / batch.size;
  double loss = 0;
  for (int part = 0; part < division_.parts(); ++part) {
    const Pass pass = TrainingPassOf(batch, part, place.image);
    const double momentum = PartMomentum(division_, part % division_.micro_batches);
    const StepRunner::Sums sums = runner_.Train(pass, recipe_.label_smoothing, weight, momentum);
    loss += sums.loss * weight;
    tally_.wrong += sums.wrong;
  }
  tally_.losses[steps_++] = loss;
  update_->Step(place.lr);
  packed_ = false;
}

std::optional<double> NativeNetwork::LastLoss() {
  if (steps_ == 0) return std::nullopt;
  return tally_.losses[steps_ - 1];
}

void NativeNetwork::Test(const Batch& batch, const std::vector<int64_t>& tested) {
  PackIfChanged();
  for (int part = 0; part < division_.parts(); ++part) {
    const Pass pass = PassOf(batch, part);
    if (pass.range.count == 0) continue;
    const StepRunner::Sums sums = runner_.Test(pass, tested);
    tally_.losses[0] += sums.loss;
    tally_.wrong += sums.wrong;
  }
}

void NativeNetwork::StartStatistics() {
  sums_.clear();
  for (const UnitStep& unit : plan_.units) {
    const auto channels = static_cast<size_t>(unit.norm->channels);
    sums_.push_back({std::vector<double>(channels), std::vector<double>(channels)});
  }
  batches_ = 0;
}

void NativeNetwork::AddStatistics(const Batch& batch) {
  PackIfChanged();
  for (int part = 0; part < division_.parts(); ++part) {
    const Pass pass = PassOf(batch, part);
    if (pass.range.count == 0) continue;
    runner_.RunLayers(pass, /*momentum=*/1);
    for (size_t unit = 0; unit < sums_.size(); ++unit) {
      const Norm& norm = state_.norm(static_cast<int>(unit));
      for (size_t c = 0; c < sums_[unit].mean.size(); ++c) {
        sums_[unit].mean[c] += norm.batch_mean()[c];
        sums_[unit].var[c] += norm.batch_var()[c];
      }
    }
    ++batches_;
  }
}

void NativeNetwork::StoreStatistics() {
  const auto count = static_cast<double>(batches_);
  for (size_t unit = 0; unit < sums_.size(); ++unit) {
    for (Norm::Running& running : state_.norm(static_cast<int>(unit)).running()) {
      for (size_t c = 0; c < running.mean.size(); ++c) {
        running.mean[c] = static_cast<float>(sums_[unit].mean[c] / count);
        running.var[c] = static_cast<float>(sums_[unit].var[c] / count);
      }
    }
  }
  batches_ = 0;
}

void NativeNetwork::ShareStatistics() {
  const auto average = [](std::vector<Norm::Running>& all, auto member) {
    for (size_t c = 0; c < (all.front().*member).size(); ++c) {
      double sum = 0;
      for (const Norm::Running& running : all) sum += (running.*member)[c];
      for (Norm::Running& running : all) {
        (running.*member)[c] = static_cast<float>(sum / static_cast<double>(all.size()));
      }
    }
  };
  for (size_t unit = 0; unit < plan_.units.size(); ++unit) {
    std::vector<Norm::Running>& all = state_.norm(static_cast<int>(unit)).running();
    average(all, &Norm::Running::mean);
    average(all, &Norm::Running::var);
  }
}

void NativeNetwork::SwapAverage() {
  if (update_) update_->SwapAverage();
  packed_ = false;
}

template <typename Visit>
void NativeNetwork::ForEachArray(const Visit& visit) {
  visit("network.", parameters_.values());
  visit("average.", update_->averages());
  visit("optimizer.momentum.", update_->momenta());
  visit("optimizer.square.", update_->squares());
}

std::vector<TensorRecord> NativeNetwork::GiveNetwork() {
  std::vector<TensorRecord> records;
  GiveParameters("", parameters_, parameters_.values(), records);
  for (const int unit : norms_) {
    GiveRunning(plan_.units[unit].norm->name, state_.norm(unit).running().front(), records);
  }
  return records;
}

void NativeNetwork::TakeNetwork(const std::vector<TensorRecord>& records, const std::string& path) {
  RecordReader reader(records, path);
  TakeParameters(reader, "", parameters_, parameters_.values());
  for (const int unit : norms_) {
    std::vector<Norm::Running>& all = state_.norm(unit).running();
    const std::string& name = plan_.units[unit].norm->name;
    TakeRunning(reader, name + ".running_mean", name + ".running_var", all.front());
    std::fill(all.begin() + 1, all.end(), all.front());
  }
  packed_ = false;
}

std::vector<TensorRecord> NativeNetwork::GiveRecords(UpdateState& state) {
  std::vector<TensorRecord> records;
  ForEachArray([&](const char* prefix, FloatArray& array) {
    if (!array.empty()) GiveParameters(prefix, parameters_, array, records);
  });
  for (size_t replica = 0; replica < static_cast<size_t>(division_.replicas); ++replica) {
    for (const int unit : norms_) {
      GiveRunning(OfReplica(replica, plan_.units[unit].norm->name),
                  state_.norm(unit).running()[replica], records);
    }
  }
  state = {};
  state.steps = update_->steps();
  return records;
}

void NativeNetwork::TakeRecords(const std::vector<TensorRecord>& records, const UpdateState& state,
                                const std::string& path) {
  RecordReader reader(records, path);
  ForEachArray([&](const char* prefix, FloatArray& array) {
    if (!array.empty()) TakeParameters(reader, prefix, parameters_, array);
  });
  // Replicas of their own, or the first's: a record may be taken more than once.
  for (size_t replica = 0; replica < static_cast<size_t>(division_.replicas); ++replica) {
    RecordReader of_replica(records, path);
    for (const int unit : norms_) {
      const std::string& name = plan_.units[unit].norm->name;
      TakeRunning(of_replica, KeptForReplica(of_replica, replica, name + ".running_mean"),
                  KeptForReplica(of_replica, replica, name + ".running_var"),
                  state_.norm(unit).running()[replica]);
    }
  }
  update_->set_steps(state.steps);
  packed_ = false;
}

}  // namespace dse::native
