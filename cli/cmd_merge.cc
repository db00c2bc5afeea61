#include <iostream>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "runner/work/merge.h"

namespace dse {
namespace {

struct MergeCommandOptions {
  MergeRequest request;
  std::string prefer = "neither";
  std::optional<double> wait;
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, MergeCommandOptions& options) {
  OptionParser parser(
      "merge --db FILE SHARD... [options]",
      "Brings results files into one: networks, runs and what became of them. The same call again "
      "changes nothing, and one\nthat was killed is made again. A folder stands for every *.db in "
      "it.");
  MergeRequest& request = options.request;
  parser.Text("db", "FILE", &request.db_path, "results database that the others are merged into");
  parser.OneOf("prefer", {"neither", "newest", "first"}, &options.prefer,
               "which of two different results of a run counts: the newest, or FILE's (first); "
               "else FILE's does and the exit code is 1");
  parser.Flag("move-files", &request.move_files,
              "move checkpoints and weights of the merged runs too");
  parser.Text("work-dir", "DIR", &request.work_dir, "where these are moved to (default FILE.d)");
  parser.Duration("wait", &options.wait, "for a shard that is still in use (90s, 15m)");
  parser.Flag("quiet,q", &options.quiet, "tell only what was not merged");
  parser.Positional("SHARD", &request.shards, "results files, or folders of them");
  parser.Require("db");
  if (!parser.Parse(args)) return false;
  if (request.shards.empty()) throw UsageError("name at least one SHARD to merge");
  if (options.prefer == "newest") request.prefer = Prefer::kNewest;
  if (options.prefer == "first") request.prefer = Prefer::kFirst;
  request.wait_seconds = options.wait.value_or(0);
  return true;
}

void Show(const MergedShard& shard, const MergeCommandOptions& options) {
  if (!shard.in_use.empty()) {
    return Say(/*quiet=*/false, "dse: " + shard.path + ": " + shard.in_use);
  }
  std::string text = TellMerged(shard.rows);
  if (shard.moved > 0) text += "; " + std::to_string(shard.moved) + " files moved";
  if (shard.left > 0) {
    text += "; " + std::to_string(shard.left) +
            " checkpoints and weights stay beside the shard (--move-files moves them)";
  }
  if (!options.quiet || shard.rows.busy > 0) PrintLine(shard.path + ": " + text);
  for (const MergeConflict& conflict : shard.rows.conflicts) {
    PrintLine("conflict: " + TellConflict(conflict));
  }
  for (const PropertyConflict& conflict : shard.rows.properties) {
    PrintLine("conflict: " + TellConflict(conflict));
  }
  std::cout << std::flush;
}

}  // namespace

int RunMerge(std::span<const std::string> args) {
  MergeCommandOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  const std::vector<MergedShard> shards = MergeShards(
      options.request, [&](const MergedShard& shard) { Show(shard, options); },
      [&](const std::string& text) { Say(options.quiet, text + "; waiting"); });
  int64_t conflicts = 0, properties = 0;
  bool complete = true;
  for (const MergedShard& shard : shards) {
    conflicts += static_cast<int64_t>(shard.rows.conflicts.size());
    properties += static_cast<int64_t>(shard.rows.properties.size());
    complete = complete && shard.complete();
  }
  if (conflicts > 0) {
    Say(/*quiet=*/false,
        "dse: " + options.request.db_path + ": " + std::to_string(conflicts) +
            " runs have two different results; the file's count until 'dse merge --prefer newest' "
            "or '--prefer first' decides, and the view 'conflicts' shows both");
  }
  if (properties > 0) {
    Say(/*quiet=*/false, "dse: " + options.request.db_path + ": " + std::to_string(properties) +
                             " properties have two different values; the file's stay, and "
                             "'dse merge --prefer first' says that they shall");
  }
  return complete ? kExitOk : kExitFailed;
}

}  // namespace dse
