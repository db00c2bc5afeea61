#include <algorithm>
#include <cstdio>
#include <iostream>
#include <new>
#include <optional>
#include <thread>

#include "cli/command.h"
#include "cli/model_lines.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "core/json.h"
#include "core/timing.h"
#include "db/done_runs.h"
#include "db/populations.h"
#include "db/timings.h"
#include "runner/training/device_name.h"
#include "runner/training/roofline.h"
#include "runner/training/trainer.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

struct BenchOptions {
  std::vector<std::string> models;  // names, files, or "-"
  std::string db_path;              // "" = nothing is stored
  std::vector<std::string> populations;
  TrainerOptions trainer;
  std::string precision = "auto";
  int infer_batch = 64;
  int train_batch = 128;
  int samples = 10;
  bool again = false;
  bool json = false;
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, BenchOptions& options) {
  OptionParser parser(
      "bench [MODEL ...] [options]",
      "Measures the inference time of a batch of images and the hours that 100 epochs of ImageNet "
      "take to train on this\ndevice, of named networks or of those in a results file, which keeps "
      "the timings: what is there already is not\nmeasured again. Steps are timed after three to "
      "warm up; the median counts.");
  options.trainer.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  parser.Positional("MODEL", &options.models, "names, files or -");
  parser.Text("db", "FILE", &options.db_path, "results database that keeps the timings");
  parser.List("population", "NAME", &options.populations,
              "the networks of these populations (default, without MODEL: of all)");
  parser.Text("device", "D", &options.trainer.device, "auto, cpu, cuda or cuda:N (default auto)");
  parser.Int("threads", "T", &options.trainer.threads, 1, 1024, "of the CPU (default: all cores)");
  parser.OneOf("precision", {"auto", "fp32", "tf32", "bf16", "fp16"}, &options.precision,
               "auto, fp32, tf32, bf16 or fp16 (default auto)");
  parser.Int("infer-batch", "N", &options.infer_batch, 1, 65536, "images (default 64)");
  parser.Int("train-batch", "N", &options.train_batch, 2, 65536,
             "images; halved while memory does not suffice (default 128)");
  parser.Int("samples", "N", &options.samples, 1, 10'000, "timed steps (default 10)");
  parser.Flag("again", &options.again, "measure again what the file has");
  parser.Flag("json", &options.json, "one JSON line per timing");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  if (!parser.Parse(args)) return false;
  if (options.models.empty() && options.db_path.empty()) {
    throw UsageError("bench needs a MODEL, or --db with the networks of a results file");
  }
  if (!options.populations.empty() && options.db_path.empty()) {
    throw UsageError("--population needs --db");
  }
  return true;
}

// A network with what was measured of it; empty where memory did not suffice.
struct Row {
  Model model;
  std::string hash;
  Complexity complexity;
  std::optional<double> error;
  std::optional<Timing> inference;
  std::optional<Timing> training;
  int train_batch = 0;
};

// Measures one network after another and stores each timing at once.
class Bench {
 public:
  explicit Bench(const BenchOptions& options)
      : options_(options), trainer_(MakeTorchTrainer(options.trainer)) {
    if (!options.db_path.empty()) db_ = Database::Open(options.db_path, OpenMode::kCreate);
    SetRecipeKey(recipe_, "precision=" + options.precision);
    recipe_.precision = trainer_->ResolvePrecision(recipe_.precision);
    device_ = DeviceKind(trainer_->device_name());
    on_gpu_ = device_ != "cpu";
  }

  // False if somebody interrupted it.
  bool Run(std::vector<Model> models) {
    const StopSignals signals;
    ProgressLine line("timing", options_.quiet);
    const auto total = static_cast<int64_t>(models.size());
    for (Model& model : models) {
      if (StopSignals::count() > 0) return false;
      Row row;
      row.hash = ModelHash(model);
      row.complexity = CountComplexity(model);
      row.model = std::move(model);
      if (db_) row.error = FindError(*db_, row.hash);
      row.inference = Measure(row, false, options_.infer_batch);
      // Half a measured network is kept, but not shown.
      if (StopSignals::count() > 0) return false;
      row.train_batch = options_.train_batch;
      while (!(row.training = Measure(row, true, row.train_batch)) && row.train_batch > 2) {
        row.train_batch /= 2;
      }
      rows_.push_back(std::move(row));
      line.Update(static_cast<int64_t>(rows_.size()), total, "");
    }
    return true;
  }

  void Print() {
    if (on_gpu_ && !rows_.empty()) peaks_ = trainer_->MeasurePeaks(recipe_.precision);
    if (options_.json) {
      for (const Row& row : rows_) PrintJson(row);
    } else {
      PrintTable();
    }
  }

 private:
  TimingKey KeyOf(const Row& row, bool training, int batch_size) const {
    return {row.hash,
            training,
            device_,
            PrecisionWord(recipe_.precision),
            on_gpu_ ? 0 : options_.trainer.threads,
            batch_size};
  }

  std::optional<Timing> Measure(const Row& row, bool training, int batch_size) {
    const TimingKey key = KeyOf(row, training, batch_size);
    if (db_ && !options_.again) {
      if (const std::optional<Timing> stored = FindTiming(*db_, key)) return stored;
    }
    try {
      const Spread spread = MeasureSpread(
          trainer_->MeasureSteps({row.model, recipe_, training, batch_size, options_.samples}));
      const Timing timing{spread.median, spread.lowest, spread.highest, options_.samples,
                          trainer_->library_version()};
      if (db_) StoreTiming(*db_, row.model, key, timing);
      return timing;
    } catch (const std::bad_alloc&) {
      return std::nullopt;
    }
  }

  // The share of the least possible time in the time it took.
  std::optional<double> RooflineShare(const Row& row, bool training) const {
    const std::optional<Timing>& timing = training ? row.training : row.inference;
    if (!peaks_ || !timing) return std::nullopt;
    return RooflineMilliseconds(row.complexity, training ? row.train_batch : options_.infer_batch,
                                recipe_.precision, training, *peaks_) /
           timing->milliseconds;
  }

  void PrintTable() const {
    std::printf("%s, %s, %s; inference of %d images, ms; 100 epochs of ImageNet, hours\n",
                trainer_->device_name().c_str(), PrecisionWord(recipe_.precision),
                trainer_->library_version().c_str(), options_.infer_batch);
    if (peaks_) {
      std::printf("at best %.0f TFLOP/s and %.2f TB/s; roof: share of the least possible time\n",
                  peaks_->flops_per_s / 1e12, peaks_->bytes_per_s / 1e12);
    }
    std::printf("%-20s %8s %8s %8s %6s %9s %17s %9s %17s %7s%s\n", "", "flops", "params", "acts",
                "batch", "infer", "", "train", "", "error", peaks_ ? "     roof" : "");
    std::printf("%-20s %8s %8s %8s %6s %9s %17s %9s %17s %7s%s\n", "", "(B)", "(M)", "(M)", "size",
                "(ms)", "lowest-highest", "(hr)", "lowest-highest", "(top-1)",
                peaks_ ? " inf.  tr." : "");
    for (const Row& row : rows_) PrintRow(row);
  }

  void PrintRow(const Row& row) const {
    const std::string& name = row.model.name.empty() ? row.hash : row.model.name;
    std::printf("%-20s %8.3f %8.2f %8.2f %6d", name.c_str(), double(row.complexity.flops) / 1e9,
                double(row.complexity.params) / 1e6, double(row.complexity.acts) / 1e6,
                row.train_batch);
    PrintTiming(row.inference, 1);
    PrintTiming(row.training, ImageNetHours(1, row.train_batch));
    if (row.error) {
      std::printf(" %7.2f", *row.error);
    } else {
      std::printf(" %7s", "-");
    }
    for (const bool training : {false, true}) {
      if (const auto share = RooflineShare(row, training)) std::printf(" %4.2f", *share);
    }
    std::printf("\n");
  }

  static void PrintTiming(const std::optional<Timing>& timing, double per_millisecond) {
    if (!timing) {
      std::printf(" %9s %17s", "memory", "");
      return;
    }
    char spread[40];
    std::snprintf(spread, sizeof spread, "%.2f-%.2f", timing->lowest * per_millisecond,
                  timing->highest * per_millisecond);
    std::printf(" %9.2f %17s", timing->milliseconds * per_millisecond, spread);
  }

  void PrintJson(const Row& row) const {
    for (const bool training : {false, true}) {
      const std::optional<Timing>& timing = training ? row.training : row.inference;
      const TimingKey key = KeyOf(row, training, training ? row.train_batch : options_.infer_batch);
      Json line = {{"name", row.model.name},        {"hash", row.hash},
                   {"flops", row.complexity.flops}, {"params", row.complexity.params},
                   {"acts", row.complexity.acts},   {"mode", training ? "training" : "inference"},
                   {"device", key.device},          {"precision", key.precision},
                   {"threads", key.threads},        {"batch_size", key.batch_size}};
      if (timing) {
        line["milliseconds"] = timing->milliseconds;
        line["lowest"] = timing->lowest;
        line["highest"] = timing->highest;
        line["samples"] = timing->samples;
        if (training) line["hours"] = ImageNetHours(timing->milliseconds, key.batch_size);
      } else {
        line["milliseconds"] = nullptr;
      }
      if (const auto share = RooflineShare(row, training)) line["roofline_share"] = *share;
      std::cout << line.dump() << '\n';
    }
  }

  const BenchOptions& options_;
  std::unique_ptr<Trainer> trainer_;
  std::optional<Database> db_;
  Recipe recipe_;
  std::string device_;
  bool on_gpu_ = false;
  std::optional<DevicePeaks> peaks_;
  std::vector<Row> rows_;
};

// Each network once.
std::vector<Model> ChooseModels(const BenchOptions& options) {
  std::vector<Model> models;
  std::vector<std::string> hashes;
  const auto add = [&](const Model& model) {
    const std::string hash = ModelHash(model);
    if (std::ranges::find(hashes, hash) != hashes.end()) return;
    hashes.push_back(hash);
    models.push_back(model);
  };
  for (const auto& [model, overrides] : ReadModels(options.models, std::cin)) add(model);
  if (options.models.empty() || !options.populations.empty()) {
    Database db = Database::Open(options.db_path, OpenMode::kReadWrite);
    for (const StoredMember& member : LoadMembers(db, options.populations)) {
      add(member.draw.model);
    }
  }
  if (models.empty()) throw Error(options.db_path + ": has no networks to measure");
  return models;
}

}  // namespace

int RunBench(std::span<const std::string> args) {
  BenchOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  std::vector<Model> models = ChooseModels(options);
  Bench bench(options);
  const bool finished = bench.Run(std::move(models));
  bench.Print();
  return finished ? kExitOk : kExitInterrupted;
}

}  // namespace dse
