#include "runner/torch/session.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "runner/torch/precise_norm.h"

namespace dse {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

BatchOptions OptionsOf(const TrainingJob& job) {
  BatchOptions options;
  options.batch_size = job.recipe.batch_size;
  options.resolution = job.model.frame.resolution;
  options.seed = job.seed;
  options.augment = job.recipe.augment;
  options.train_images = job.recipe.train_images;
  options.test_images = job.recipe.test_images;
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
}

at::Tensor CountWrong(const at::Tensor& logits, const at::Tensor& labels) {
  return logits.argmax(1).ne(labels).sum();
}

// The first step, from 1, whose loss is not finite; 0 if all are.
int64_t FirstNonFinite(const std::vector<double>& losses) {
  const auto bad =
      std::find_if(losses.begin(), losses.end(), [](double loss) { return !std::isfinite(loss); });
  return bad == losses.end() ? 0 : bad - losses.begin() + 1;
}

std::vector<double> ToVector(const at::Tensor& values) {
  const at::Tensor copy = values.to(at::TensorOptions(at::kCPU).dtype(at::kDouble)).contiguous();
  const double* begin = copy.const_data_ptr<double>();
  return {begin, begin + copy.numel()};
}

}  // namespace

at::Tensor Loss(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) {
  return at::cross_entropy_loss(logits, labels, /*weight=*/{}, at::Reduction::Mean,
                                /*ignore_index=*/-100, label_smoothing);
}

StepOutput TrainStep(const Network& network, Sgd& sgd, const at::Tensor& images,
                     const at::Tensor& labels, const Recipe& recipe, double lr) {
  sgd.ClearGradients();
  const at::Tensor logits = network.Forward(images, /*training=*/true);
  const at::Tensor loss = Loss(logits, labels, recipe.label_smoothing);
  loss.backward();
  sgd.Step(lr);
  return {loss.detach(), logits.detach()};
}

TrainingSession::TrainingSession(const TrainingJob& job, const TrainingHooks& hooks,
                                 at::Device device)
    : job_(job),
      hooks_(hooks),
      device_(device),
      reader_(job.data, OptionsOf(job)),
      normalizer_(job.recipe.batch_size, job.model.frame.resolution, job.data.info().mean,
                  job.data.info().stddev, device),
      network_(job.model, job.recipe.zero_init_gamma, {device, at::kFloat, job.seed}),
      sgd_(network_.parameters(), job.recipe) {
  CheckJob(job, reader_);
}

TrainingResult TrainingSession::Run() {
  const Clock::time_point start = Clock::now();
  TrainingResult result;
  double best = std::numeric_limits<double>::infinity();
  double training_seconds = 0;
  int64_t images = 0;
  for (int epoch = 0; epoch < job_.recipe.epochs; ++epoch) {
    const Clock::time_point epoch_start = Clock::now();
    EpochReport report;
    report.epoch = epoch + 1;
    report.lr = LearningRate(job_.recipe, epoch);
    Pass pass = TrainEpoch(epoch, report.lr);
    training_seconds += SecondsSince(epoch_start);
    images += reader_.TrainBatches() * job_.recipe.batch_size;
    report.train_loss = pass.loss;
    report.train_error = pass.error;
    if (pass.outcome == TrainingOutcome::kDone) pass = Test(epoch);
    result.outcome = pass.outcome;
    result.message = pass.message;
    result.seconds = SecondsSince(start);
    if (pass.outcome != TrainingOutcome::kDone) return result;
    report.test_loss = pass.loss;
    report.test_error = pass.error;
    report.seconds = SecondsSince(epoch_start);
    best = std::min(best, pass.error);
    result.error = pass.error;
    if (hooks_.on_epoch) hooks_.on_epoch(report);
  }
  result.best_error = best;
  result.seconds = SecondsSince(start);
  result.img_per_s = static_cast<double>(images) / training_seconds;
  return result;
}

// Losses stay on the device: a GPU is asked once an epoch, the CPU at every step.
TrainingSession::Pass TrainingSession::TrainEpoch(int epoch, double lr) {
  const int64_t steps = reader_.TrainBatches();
  const auto options = at::TensorOptions(device_);
  const at::Tensor losses = at::zeros({steps}, options.dtype(at::kFloat));
  const at::Tensor wrong = at::zeros({}, options.dtype(at::kLong));
  for (int64_t step = 0; step < steps; ++step) {
    if (ShouldStop()) return Interrupted(epoch, "training");
    reader_.ReadTrain(epoch, step, batch_);
    const at::Tensor labels = normalizer_.Labels(batch_);
    const StepOutput output =
        TrainStep(network_, sgd_, normalizer_.Images(batch_), labels, job_.recipe, lr);
    losses.select(0, step).copy_(output.loss);
    wrong.add_(CountWrong(output.logits, labels));
    if (device_.is_cpu() && !std::isfinite(output.loss.item<float>())) break;
  }
  const std::vector<double> values = ToVector(losses);
  Pass pass;
  if (const int64_t bad = FirstNonFinite(values); bad > 0) {
    pass.outcome = TrainingOutcome::kDiverged;
    pass.message = "the training loss was not finite at step " + std::to_string(bad) +
                   " of epoch " + std::to_string(epoch + 1);
    return pass;
  }
  const double count = static_cast<double>(steps);
  for (const double loss : values) pass.loss += loss / count;
  pass.error =
      100.0 * static_cast<double>(wrong.item<int64_t>()) / (count * job_.recipe.batch_size);
  return pass;
}

bool TrainingSession::TakeStatistics(int epoch) {
  if (job_.recipe.precise_bn_images == 0) return true;
  const int64_t wanted = std::max(1, job_.recipe.precise_bn_images / job_.recipe.batch_size);
  const auto images = [&](int64_t step) {
    reader_.ReadTrain(epoch, step, batch_);
    return normalizer_.Images(batch_);
  };
  return TakePreciseStatistics(network_, std::min(wanted, reader_.TrainBatches()), images,
                               [this] { return ShouldStop(); });
}

TrainingSession::Pass TrainingSession::Test(int epoch) {
  const at::NoGradGuard no_grad;
  if (!TakeStatistics(epoch)) return Interrupted(epoch, "taking batch statistics");
  const auto options = at::TensorOptions(device_);
  const at::Tensor loss = at::zeros({}, options.dtype(at::kDouble));
  const at::Tensor wrong = at::zeros({}, options.dtype(at::kLong));
  int64_t count = 0;
  for (int64_t step = 0; step < reader_.TestBatches(); ++step) {
    if (ShouldStop()) return Interrupted(epoch, "testing");
    reader_.ReadTest(step, batch_);
    const at::Tensor labels = normalizer_.Labels(batch_);
    const at::Tensor logits = network_.Forward(normalizer_.Images(batch_), /*training=*/false);
    loss.add_(Loss(logits, labels, /*label_smoothing=*/0), batch_.size);
    wrong.add_(CountWrong(logits, labels));
    count += batch_.size;
  }
  Pass pass;
  pass.loss = loss.item<double>() / static_cast<double>(count);
  pass.error = 100.0 * static_cast<double>(wrong.item<int64_t>()) / static_cast<double>(count);
  if (!std::isfinite(pass.loss)) {
    pass.outcome = TrainingOutcome::kDiverged;
    pass.message = "the test loss was not finite after step " +
                   std::to_string(reader_.TrainBatches()) + " of epoch " +
                   std::to_string(epoch + 1);
  }
  return pass;
}

TrainingSession::Pass TrainingSession::Interrupted(int epoch, const char* where) const {
  Pass pass;
  pass.outcome = TrainingOutcome::kInterrupted;
  pass.message = std::string("stopped while ") + where + " in epoch " + std::to_string(epoch + 1);
  return pass;
}

}  // namespace dse
