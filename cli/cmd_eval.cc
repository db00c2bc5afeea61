#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "cli/command.h"
#include "cli/data_notes.h"
#include "cli/device_options.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/parallel.h"
#include "core/suggest.h"
#include "core/text_table.h"
#include "core/units.h"
#include "runner/trainers.h"
#include "runner/work/evaluate.h"

namespace dse {
namespace {

struct EvalOptions {
  EvalRequest request;
  std::string class_map;
  bool quiet = false;
};

void CheckSplit(const std::string& split) {
  const std::vector<std::string> known{"test", "val", "train"};
  if (split.empty() || std::find(known.begin(), known.end(), split) != known.end()) return;
  throw UsageError("--split is test, val or train, not '" + split + "'" + DidYouMean(split, known));
}

bool ReadOptions(std::span<const std::string> args, EvalOptions& options) {
  OptionParser parser(
      "eval --db FILE --data URI [options]",
      "Tests the weights kept by 'dse train --keep-weights' on the test images of "
      "a dataset, such as another one than\nthey were trained on; no training "
      "images are needed. Classes are matched by their names. Prints a line for "
      "each run\nand keeps the results; what is there already is not tested again.");
  EvalRequest& request = options.request;
  request.trainer.threads = AllThreads();
  parser.Text("db", "FILE", &request.db_path, "results database");
  parser.Text("data", "URI", &request.data,
              "synthetic[:easy|:hard], cifar10:DIR, folder:DIR (with test/ or val/, or class "
              "folders) or pack:FILE");
  parser.Text("split", "SPLIT", &request.split,
              "test, val or train (default: test, or val where a folder has no labelled test/)");
  parser.Text("class-map", "FILE", &options.class_map,
              "lines 'their name,our name' for classes that the data name otherwise");
  parser.Flag("classes-by-order", &request.naming.by_order,
              "the data's classes are the network's in the same order, whatever their names");
  parser.List("population", "NAME", &request.populations, "only these populations");
  parser.List("recipe", "NAME", &request.recipes, "only runs of these recipes");
  AddDeviceOptions(parser, request.trainer);
  parser.Int("threads", "T", &request.trainer.threads, 1, 1024, "default: all cores");
  parser.Text("work-dir", "DIR", &request.work_dir, "where the weights lie (default FILE.d)");
  parser.Flag("again", &request.again, "test again what has a result");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("db");
  parser.Require("data");
  if (!parser.Parse(args)) return false;
  CheckSplit(request.split);
  if (!options.class_map.empty() && request.naming.by_order) {
    throw UsageError("--class-map and --classes-by-order exclude each other");
  }
  return true;
}

// What the numbers are of, then a line for each run.
void Print(const EvalSummary& summary) {
  std::set<std::string> classes;
  for (const TestedRun& tested : summary.tested) classes.insert(TellClasses(tested));
  const DatasetInfo& data = summary.data->info();
  std::string head = fmt::format("{}, {}: {} classes, {} images", data.uri, data.test_split,
                                 data.classes(), data.test_images);
  for (const std::string& text : classes) head += "; " + text;
  PrintLine(head);
  std::vector<std::vector<std::string>> rows{{"model", "seed", "error %", "tested %", "images"}};
  for (const auto& [run, result, outputs] : summary.tested) {
    rows.push_back({run.model, std::to_string(run.seed), FormatNumber("%.2f", run.error),
                    FormatNumber("%.2f", result.error), std::to_string(result.images)});
  }
  const TableLayout layout{.indent = 0, .gap = 1, .widths = {20, 5, 10, 10, 9}};
  std::cout << TextTable(rows, layout);
}

}  // namespace

int RunEval(std::span<const std::string> args) {
  EvalOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  if (!options.class_map.empty()) options.request.naming = ReadClassNaming(options.class_map);
  EvalSummary summary;
  {
    ProgressLine line("testing", options.quiet);
    EvalHooks hooks;
    hooks.on_open = [&](const DatasetInfo& data) { TellDataNotes(data, options.quiet); };
    hooks.on_device = [&](const std::string& device) { line.Tell("testing on " + device); };
    hooks.on_progress = [&](int64_t done, int64_t all) { line.Update(done, all, ""); };
    summary = Evaluate(options.request, MakeTrainer, hooks);
  }
  TellFoundCorrupt(*summary.data, options.quiet);
  if (!summary.tested.empty()) Print(summary);
  if (summary.without_weights > 0) {
    Say(options.quiet, std::to_string(summary.without_weights) + " of " +
                           std::to_string(summary.runs) + " runs have no kept weights");
  }
  for (const std::string& problem : summary.problems) Say(false, "dse: " + problem);
  if (summary.interrupted) return kExitInterrupted;
  return summary.problems.empty() ? kExitOk : kExitFailed;
}

}  // namespace dse
