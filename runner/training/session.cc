#include "runner/training/session.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "runner/training/learning_rate.h"
#include "runner/training/weights.h"

namespace dse {
namespace {

BatchOptions OptionsOf(const TrainingJob& job, int threads) {
  BatchOptions options;
  options.batch_size = job.recipe.batch_size;
  options.resolution = job.model.frame.resolution;
  options.seed = job.seed;
  options.augment = job.recipe.augment;
  options.auto_augment = job.recipe.auto_augment;
  options.val_images = job.recipe.val_images;
  options.train_images = job.recipe.train_images;
  options.test_images = job.recipe.test_images;
  options.threads = threads;
  return options;
}

void CheckJob(const TrainingJob& job, const BatchReader& reader) {
  const DatasetInfo& info = job.data.info();
  if (info.classes() != job.model.frame.classes) {
    throw Error("the model has " + std::to_string(job.model.frame.classes) + " classes and " +
                info.uri + " has " + std::to_string(info.classes()) + "; sample with --classes " +
                std::to_string(info.classes()));
  }
  if (reader.TestBatches() < 1) throw Error(info.uri + " has no test images");
  if (!job.files.weights.empty()) CheckWeightNames(job.model, job.files.names);
}

// The first step, from 1, whose loss is not finite; 0 if all are.
int64_t FirstNonFinite(const std::vector<double>& losses) {
  const auto bad =
      std::find_if(losses.begin(), losses.end(), [](double loss) { return !std::isfinite(loss); });
  return bad == losses.end() ? 0 : bad - losses.begin() + 1;
}

double Percent(int64_t wrong, int64_t images) {
  return 100.0 * static_cast<double>(wrong) / static_cast<double>(images);
}

}  // namespace

TrainingSession::TrainingSession(const TrainingJob& job, const TrainingHooks& hooks, Engine& engine,
                                 int micro_batches)
    : job_(job),
      hooks_(hooks),
      engine_(engine),
      owner_(OwnerOfCheckpoint(job, engine.ResolvePrecision(job.recipe.precision))),
      reader_(job.data, OptionsOf(job, engine.threads())),
      plan_(PlanNetwork(job.model, job.recipe.zero_init_gamma)) {
  CheckJob(job, reader_);
  std::optional<FoundCheckpoint> found;
  if (!job.files.checkpoint.empty()) {
    found = FindCheckpoint(job.files.checkpoint, owner_, [&](const std::string& warning) {
      if (hooks_.on_warning) hooks_.on_warning(warning);
    });
  }
  if (found) state_ = found->state;
  NameEngine(found ? found->path : "");
  NetworkRequest request{plan_, job.recipe, job.seed};
  request.division.replicas = engine.replicas();
  request.division.micro_batches =
      std::max(micro_batches, state_.parts / request.division.replicas);
  request.mean = job.data.info().mean;
  request.stddev = job.data.info().stddev;
  state_.parts = request.division.parts();
  network_ = engine.Make(request);
  if (found) network_->TakeRecords(found->file.tensors, found->updates, found->path);
}

// Adds the engine to those that trained so far, and says so where it is another one, or another
// version of one.
void TrainingSession::NameEngine(const std::string& checkpoint) {
  const std::string now = engine_.info().Text();
  std::string& engines = state_.engines;
  if (engines.empty() || now.starts_with(engines + " ")) engines = now;  // its version is told now
  if (engines.ends_with(now)) return;
  if (hooks_.on_warning) {
    hooks_.on_warning(checkpoint + ": was begun by " + engines + " and is continued by " + now +
                      "; it need not end in the same numbers as by one of them alone");
  }
  engines += " + " + now;
}

TrainingResult TrainingSession::Run() {
  if (hooks_.on_epoch) std::for_each(state_.history.begin(), state_.history.end(), hooks_.on_epoch);
  while (state_.epoch < job_.recipe.epochs) {
    const Clock::time_point start = Clock::now();
    const double before = std::exchange(state_.epoch_seconds, 0);
    const auto elapsed = [&] { return before + SecondsSince(start); };
    EpochRecord report;
    report.epoch = state_.epoch + 1;
    report.lr = LearningRate(job_.recipe, state_.epoch);
    Pass pass = TrainEpoch(report.lr);
    state_.training_seconds += SecondsSince(start);
    report.train_loss = pass.loss;
    report.train_error = pass.error;
    if (pass.outcome == TrainingOutcome::kDone) pass = Test();
    state_.seconds += SecondsSince(start);
    if (pass.outcome == TrainingOutcome::kInterrupted) {
      state_.epoch_seconds = elapsed();
      Save();
    }
    if (pass.outcome != TrainingOutcome::kDone) return Finish(pass);
    report.test_loss = pass.loss;
    report.test_error = pass.error;
    report.seconds = elapsed();
    state_.history.push_back(report);
    ++state_.epoch;
    state_.step = 0;
    state_.losses.clear();
    state_.wrong = 0;
    if (hooks_.on_epoch) hooks_.on_epoch(report);
    if (state_.epoch < job_.recipe.epochs && !Save()) return Finish(Interrupted("saving"));
  }
  return Finish({});
}

TrainingResult TrainingSession::Finish(const Pass& pass) const {
  TrainingResult result;
  result.outcome = pass.outcome;
  result.message = pass.message;
  result.engine = state_.engines;
  result.precision = PrecisionWord(engine_.ResolvePrecision(job_.recipe.precision));
  result.seconds = state_.seconds;
  if (state_.parts > 1) {
    result.micro_batch = std::max(1, job_.recipe.batch_size / state_.parts);
  }
  if (pass.outcome != TrainingOutcome::kDone) return result;
  result.error = *state_.history.back().test_error;
  result.best_error = result.error;
  for (const EpochRecord& epoch : state_.history) {
    result.best_error = std::min(result.best_error, *epoch.test_error);
  }
  const double images =
      static_cast<double>(reader_.TrainBatches()) * job_.recipe.batch_size * job_.recipe.epochs;
  result.img_per_s = images / state_.training_seconds;
  return result;
}

// False if the run is no longer its owner's.
bool TrainingSession::Save() {
  return job_.files.checkpoint.empty() ||
         SaveCheckpoint(job_.files.checkpoint, owner_, state_, *network_, hooks_.publish);
}

// The result is worth more than its weights: what keeps them from being written is said.
void TrainingSession::Keep() const {
  try {
    KeepWeights(job_, network_->GiveNetwork());
  } catch (const std::exception& failure) {
    if (hooks_.on_warning) {
      hooks_.on_warning(std::string("its weights are not kept: ") + failure.what());
    }
  }
}

// Losses stay on the device: a GPU is asked once an epoch, the CPU at every step.
TrainingSession::Pass TrainingSession::TrainEpoch(double lr) {
  const int64_t steps = reader_.TrainBatches();
  const int64_t first = state_.step;
  network_->StartTally(steps - first);
  for (int64_t step = first; step < steps; ++step) {
    if (ShouldStop()) {
      const Pass pass = EpochSummary(first);
      return pass.outcome == TrainingOutcome::kDone ? Interrupted("training") : pass;
    }
    reader_.ReadTrain(state_.epoch, step, batch_);
    network_->Step(batch_, {(state_.epoch * steps + step) * job_.recipe.batch_size, lr});
    ++state_.step;
    const std::optional<double> loss = network_->LastLoss();
    if (loss && !std::isfinite(*loss)) break;
  }
  return EpochSummary(first);
}

// Adds the steps from `first` on to the state, and judges the epoch so far.
TrainingSession::Pass TrainingSession::EpochSummary(int64_t first) {
  const Tally tally = network_->TakeTally();
  const auto taken = tally.losses.begin() + (state_.step - first);
  state_.losses.insert(state_.losses.end(), tally.losses.begin(), taken);
  state_.wrong += tally.wrong;
  Pass pass;
  if (const int64_t bad = FirstNonFinite(state_.losses); bad > 0) {
    pass.outcome = TrainingOutcome::kDiverged;
    pass.message = "the training loss was not finite at step " + std::to_string(bad) +
                   " of epoch " + std::to_string(state_.epoch + 1);
    return pass;
  }
  const double count = static_cast<double>(state_.step);
  for (const double loss : state_.losses) pass.loss += loss / count;
  if (state_.step > 0) pass.error = Percent(state_.wrong, state_.step * job_.recipe.batch_size);
  return pass;
}

// False if it was told to stop.
bool TrainingSession::TakeStatistics() {
  if (job_.recipe.precise_bn_images == 0) {
    network_->ShareStatistics();
    return true;
  }
  const int64_t wanted = std::max(1, job_.recipe.precise_bn_images / job_.recipe.batch_size);
  const int64_t batches = std::min(wanted, reader_.TrainBatches());
  network_->StartStatistics();
  for (int64_t step = 0; step < batches; ++step) {
    if (ShouldStop()) {
      network_->DropStatistics();
      return false;
    }
    reader_.ReadTrain(state_.epoch, step, batch_);
    network_->AddStatistics(batch_);
  }
  network_->StoreStatistics();
  return true;
}

// What is tested is the average of weights where the recipe has one.
TrainingSession::Pass TrainingSession::Test() {
  network_->SwapAverage();
  const Pass pass = TestNow();
  const bool last = state_.epoch + 1 == job_.recipe.epochs;
  if (pass.outcome == TrainingOutcome::kDone && last && !job_.files.weights.empty()) {
    Keep();
  }
  network_->SwapAverage();
  return pass;
}

TrainingSession::Pass TrainingSession::TestNow() {
  if (!TakeStatistics()) return Interrupted("taking batch statistics");
  network_->StartTally(1);
  int64_t images = 0;  // without corrupt ones
  for (int64_t step = 0; step < reader_.TestBatches(); ++step) {
    if (ShouldStop()) return Interrupted("testing");
    reader_.ReadTest(step, batch_);
    images += batch_.size;
    network_->Test(batch_, {});
  }
  CheckTested(job_.data, images);
  Pass pass;
  const Tally tally = network_->TakeTally();
  pass.loss = tally.losses.front() / static_cast<double>(images);
  pass.error = Percent(tally.wrong, images);
  if (!std::isfinite(pass.loss)) {
    pass.outcome = TrainingOutcome::kDiverged;
    pass.message = "the test loss was not finite after step " +
                   std::to_string(reader_.TrainBatches()) + " of epoch " +
                   std::to_string(state_.epoch + 1);
  }
  return pass;
}

TrainingSession::Pass TrainingSession::Interrupted(const char* where) const {
  Pass pass;
  pass.outcome = TrainingOutcome::kInterrupted;
  pass.message =
      std::string("stopped while ") + where + " in epoch " + std::to_string(state_.epoch + 1);
  return pass;
}

}  // namespace dse
