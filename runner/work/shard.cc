#include "runner/work/shard.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <unordered_set>

#include "core/error.h"
#include "db/plan.h"
#include "runner/work/run_files.h"
#include "runner/work/shard_files.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// A checkpoint that cannot be copied is no reason not to train.
void CopyCheckpoints(const std::string& from, const std::string& to,
                     const std::vector<std::string>& keys) {
  std::error_code failure;
  for (const std::string& key : keys) {
    const std::string target = CheckpointPath(to, key);
    const std::string source = CheckpointPath(from, key);
    if (!fs::exists(source, failure) || fs::exists(target, failure)) continue;
    fs::create_directories(fs::path(target).parent_path(), failure);
    try {
      CopyDurably(source, target);
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace

std::string ShardPath(const std::string& db_path, int64_t index) {
  std::string folder = WorkFolder(db_path, "");
  folder.resize(folder.size() - 2);  // FILE of FILE.d
  return folder + ".shards/" + std::to_string(index) + ".db";
}

void KeepOnly(const std::vector<std::string>& keys, WantedRuns& wanted) {
  const std::unordered_set<std::string> kept(keys.begin(), keys.end());
  std::erase_if(wanted.runs, [&](const WantedRun& run) {
    return !kept.contains(
        RunKey(run.model_hash, run.recipe.hash, wanted.dataset.fingerprint, run.seed));
  });
}

ShardSummary EnterShard(const ShardRequest& shard, const WantedRuns& wanted,
                        TrainRequest& request) {
  const std::string path =
      shard.path.empty() ? ShardPath(request.db_path, shard.part.index) : shard.path;
  const std::string files = WorkFolder(request.db_path, request.work_dir);
  ShardSummary summary = OpenShard(request.db_path, wanted, shard.part, path);
  request.db_path = path;
  request.populations = summary.populations;
  request.run_keys = summary.keys;
  const std::string own = WorkFolder(path, request.work_dir);
  if (own != files) CopyCheckpoints(files, own, summary.stored_keys);
  return summary;
}

std::string TellShard(const ShardSummary& summary, const std::string& file) {
  std::string text;
  const auto add = [&](int64_t runs, const std::string& what) {
    if (runs > 0) text += fmt::format("{}{} runs {}", text.empty() ? "" : "; ", runs, what);
  };
  if (!summary.made) add(summary.added, "are new in this shard");
  add(summary.held, "are left to who trains them into " + file + " itself");
  return text;
}

}  // namespace dse
