#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/device_options.h"
#include "cli/model_lines.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/json.h"
#include "core/parallel.h"
#include "core/text_table.h"
#include "core/timing.h"
#include "core/units.h"
#include "db/populations.h"
#include "runner/trainers.h"
#include "runner/work/bench.h"

namespace dse {
namespace {

struct BenchOptions {
  std::vector<std::string> models;  // names, files, or "-"
  std::vector<std::string> populations;
  BenchRequest request;
  std::string precision = "auto";
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
  BenchRequest& request = options.request;
  request.trainer.threads = AllThreads();
  parser.Positional("MODEL", &options.models, "names, files or -");
  parser.Text("db", "FILE", &request.db_path, "results database that keeps the timings");
  parser.List("population", "NAME", &options.populations,
              "the networks of these populations (default, without MODEL: of all)");
  AddDeviceOptions(parser, request.trainer);
  parser.Int("threads", "T", &request.trainer.threads, 1, 1024, "of the CPU (default: all cores)");
  parser.OneOf("precision", {"auto", "fp32", "tf32", "bf16", "fp16"}, &options.precision,
               "auto, fp32, tf32, bf16 or fp16 (default auto)");
  parser.Int("infer-batch", "N", &request.infer_batch, 1, 65536, "images (default 64)");
  parser.Int("train-batch", "N", &request.train_batch, 2, 65536,
             "images; halved while memory does not suffice (default 128)");
  parser.Int("samples", "N", &request.samples, 1, 10'000, "timed steps (default 10)");
  parser.Flag("again", &request.again, "measure again what the file has");
  parser.Flag("json", &options.json, "one JSON line per timing");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  if (!parser.Parse(args)) return false;
  if (options.models.empty() && request.db_path.empty()) {
    throw UsageError("bench needs a MODEL, or --db with the networks of a results file");
  }
  if (!options.populations.empty() && request.db_path.empty()) {
    throw UsageError("--population needs --db");
  }
  Recipe recipe;
  SetRecipeKey(recipe, "precision=" + options.precision);
  request.precision = recipe.precision;
  return true;
}

// The median, or "memory" where it did not suffice, and "lowest-highest", in a unit of which a
// millisecond has so many.
void AppendTiming(const BatchTiming& batch, double per_millisecond, std::vector<std::string>& row) {
  if (!batch.timing) {
    row.insert(row.end(), {"memory", ""});
    return;
  }
  const Timing& timing = *batch.timing;
  const auto number = [&](double milliseconds) {
    return FormatNumber("%.2f", milliseconds * per_millisecond);
  };
  row.push_back(number(timing.milliseconds));
  row.push_back(number(timing.lowest) + "-" + number(timing.highest));
}

std::vector<std::string> TableRow(const TimedNetwork& network) {
  const int train_batch = network.training.key.batch_size;
  const Complexity& complexity = network.complexity;
  std::vector<std::string> row{
      network.model.name.empty() ? network.training.key.model_hash : network.model.name,
      FormatNumber("%.3f", double(complexity.flops) / 1e9),
      FormatNumber("%.2f", double(complexity.params) / 1e6),
      FormatNumber("%.2f", double(complexity.acts) / 1e6), std::to_string(train_batch)};
  AppendTiming(network.inference, 1, row);
  AppendTiming(network.training, ImageNetHours(1, train_batch), row);
  row.push_back(network.error ? FormatNumber("%.2f", *network.error) : "-");
  for (const BatchTiming* batch : {&network.inference, &network.training}) {
    row.push_back(batch->roofline_share ? FormatNumber("%.2f", *batch->roofline_share) : "");
  }
  return row;
}

// The layout of Tables 2 to 4 of the paper.
void PrintTable(const BenchSummary& summary, int infer_batch) {
  PrintLine(fmt::format("{}, {}, {}; inference of {} images, ms; 100 epochs of ImageNet, hours",
                        summary.device, PrecisionWord(summary.precision), summary.engine,
                        infer_batch));
  std::vector<std::vector<std::string>> rows{
      {"", "flops", "params", "acts", "batch", "infer", "", "train", "", "error"},
      {"", "(B)", "(M)", "(M)", "size", "(ms)", "lowest-highest", "(hr)", "lowest-highest",
       "(top-1)"}};
  if (summary.peaks) {
    PrintLine(fmt::format(
        "at best {:.0f} TFLOP/s and {:.2f} TB/s; roof: share of the least possible time",
        summary.peaks->flops_per_s / 1e12, summary.peaks->bytes_per_s / 1e12));
    rows[0].insert(rows[0].end(), {"", "roof"});
    rows[1].insert(rows[1].end(), {"inf.", "tr."});
  }
  for (const TimedNetwork& network : summary.networks) rows.push_back(TableRow(network));
  const TableLayout layout{
      .indent = 0, .gap = 1, .widths = {20, 8, 8, 8, 6, 9, 17, 9, 17, 7, 4, 4}};
  std::cout << TextTable(rows, layout);
}

void PrintJson(const TimedNetwork& network, const BatchTiming& batch) {
  const TimingKey& key = batch.key;
  Json line = {{"name", network.model.name},
               {"hash", key.model_hash},
               {"flops", network.complexity.flops},
               {"params", network.complexity.params},
               {"acts", network.complexity.acts},
               {"mode", key.training ? "training" : "inference"},
               {"device", key.device},
               {"precision", key.precision},
               {"threads", key.threads},
               {"batch_size", key.batch_size}};
  if (batch.timing) {
    line["milliseconds"] = batch.timing->milliseconds;
    line["lowest"] = batch.timing->lowest;
    line["highest"] = batch.timing->highest;
    line["samples"] = batch.timing->samples;
    if (key.training) line["hours"] = ImageNetHours(batch.timing->milliseconds, key.batch_size);
  } else {
    line["milliseconds"] = nullptr;
  }
  if (batch.roofline_share) line["roofline_share"] = *batch.roofline_share;
  std::cout << WholeText(line) << '\n';
}

void Print(const BenchSummary& summary, const BenchOptions& options) {
  if (!options.json) return PrintTable(summary, options.request.infer_batch);
  for (const TimedNetwork& network : summary.networks) {
    PrintJson(network, network.inference);
    PrintJson(network, network.training);
  }
}

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
    Database db = Database::Open(options.request.db_path, OpenMode::kReadWrite);
    for (const StoredMember& member : LoadMembers(db, options.populations)) {
      add(member.draw.model);
    }
  }
  if (models.empty()) throw Error(options.request.db_path + ": has no networks to measure");
  return models;
}

}  // namespace

int RunBench(std::span<const std::string> args) {
  BenchOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  std::vector<Model> models = ChooseModels(options);
  BenchSummary summary;
  {
    ProgressLine line("timing", options.quiet);
    summary = Bench(options.request, std::move(models), MakeMeter,
                    [&](int64_t done, int64_t all) { line.Update(done, all, ""); });
  }
  Print(summary, options);
  return summary.interrupted ? kExitInterrupted : kExitOk;
}

}  // namespace dse
