#include "runner/work/merge.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "db/database.h"
#include "db/merge_source.h"
#include "runner/work/ended_jobs.h"
#include "runner/work/run_files.h"
#include "runner/work/shard_files.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// The same text for every name of a file; the name itself where there is none.
std::string IdentityOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return path;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

// The files that words of the command line stand for, each once.
std::vector<std::string> ListShards(const MergeRequest& request) {
  std::vector<std::string> files;
  for (const std::string& word : request.shards) {
    std::error_code failure;
    if (!fs::is_directory(word, failure)) {
      files.push_back(word);
      continue;
    }
    std::vector<std::string> found;
    for (fs::directory_iterator it(word, failure), end; it != end; it.increment(failure)) {
      if (it->path().extension() == ".db") found.push_back(it->path().string());
    }
    if (failure) {
      throw Error(word + ": cannot be read: " + failure.message(), Fault::kMachine);
    }
    if (found.empty()) throw Error(word + ": has no results file (*.db) in it");
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  std::set<std::string> seen{IdentityOf(request.db_path)};
  const std::string own = *seen.begin();
  std::vector<std::string> once;
  for (const std::string& file : files) {
    const std::string identity = IdentityOf(file);
    if (identity == own) {
      throw Error(file + ": is the file that shards are merged into, not a shard");
    }
    if (seen.insert(identity).second) once.push_back(file);
  }
  return once;
}

// Empty when the shard can be read.
std::string AwaitWriter(MergeSource& source, double seconds,
                        const std::function<void(const std::string&)>& on_wait) {
  constexpr std::chrono::milliseconds kPoll{250};
  const Clock::time_point start = Clock::now();
  for (bool told = false;; told = true) {
    const std::string reason = source.BeingWritten();
    if (reason.empty() || SecondsSince(start) >= seconds) return reason;
    if (!told && on_wait) on_wait(source.path() + ": " + reason);
    std::this_thread::sleep_for(kPoll);
  }
}

// Empty when the shard may be merged.
std::string AwaitEnd(const MergeSource& source, double seconds,
                     const std::function<void(const std::string&)>& on_wait) {
  constexpr std::chrono::milliseconds kPoll{250};
  constexpr int kPollsOfSlurm = 20;  // once in five seconds it is asked, too
  const Clock::time_point start = Clock::now();
  bool told = false;
  int polls = 0;
  while (const std::optional<FileUse> use = source.InUse(
             polls++ % kPollsOfSlurm == 0 ? EndedOwners(EndedInTheirJobs) : EndedOwners())) {
    if (SecondsSince(start) >= seconds) return use->Text();
    if (!told && on_wait) on_wait(source.path() + ": " + use->Text());
    told = true;
    std::this_thread::sleep_for(kPoll);
  }
  return "";
}

void MergeOne(const MergeRequest& request, Database& db, MergeSource& source, MergedShard& shard) {
  const ShardFolders folders{WorkFolder(source.path(), ""),
                             WorkFolder(request.db_path, request.work_dir)};
  MergeOptions options;
  options.prefer = request.prefer;
  std::vector<ReplacedResult> replaced;
  options.before_commit = [&](const std::vector<ReplacedResult>& results) {
    NameReplacedWeights(folders.study, results);
    replaced = results;
  };
  shard.rows = MergeRows(db, source.readable(), fs::absolute(source.path()).string(), options);
  SetWeightsAside(folders.study, replaced, shard.rows.replaced);
  RemoveStaleCheckpoints(folders.study, shard.rows.merged);
  if (request.move_files) {
    shard.moved = MoveShardFiles(folders, shard.rows.merged);
  } else {
    shard.left = CountShardFiles(folders, shard.rows.merged);
  }
}

}  // namespace

std::vector<MergedShard> MergeShards(const MergeRequest& request,
                                     const std::function<void(const MergedShard&)>& on_shard,
                                     const std::function<void(const std::string&)>& on_wait) {
  Database db = Database::Open(request.db_path, OpenMode::kReadWrite);
  std::vector<MergeSource> sources;
  for (const std::string& file : ListShards(request)) sources.emplace_back(file);
  std::vector<MergedShard> shards;
  for (MergeSource& source : sources) {
    shards.emplace_back().path = source.path();
    const Clock::time_point start = Clock::now();
    shards.back().in_use = AwaitWriter(source, request.wait_seconds, on_wait);
    if (!shards.back().in_use.empty()) continue;
    shards.back().in_use = AwaitEnd(source, request.wait_seconds - SecondsSince(start), on_wait);
    if (shards.back().in_use.empty()) CheckMergeable(db, source.readable(), source.path());
    source.DropCopy();
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    if (shards[i].in_use.empty()) MergeOne(request, db, sources[i], shards[i]);
    sources[i].DropCopy();
    if (on_shard) on_shard(shards[i]);
    shards[i].rows.merged.clear();
    shards[i].rows.replaced.clear();
  }
  return shards;
}

std::string TellMerged(const MergeSummary& rows) {
  std::string text;
  const auto add = [&](int64_t count, const char* one, const char* many) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, count == 1 ? one : many);
  };
  add(rows.runs, "new run", "new runs");
  add(rows.results, "result of a known run", "results of known runs");
  add(rows.attempts, "attempt", "attempts");
  add(rows.epochs, "epoch", "epochs");
  if (text.empty()) text = rows.rows > 0 ? "networks or measurements, but no run" : "nothing new";
  if (rows.busy > 0) {
    text += fmt::format("; {} runs left alone, for they are being trained in the file right now",
                        rows.busy);
  }
  if (rows.cancelled > 0) {
    text += fmt::format("; {} results do not count, for their runs are cancelled", rows.cancelled);
  }
  return text;
}

std::string TellConflict(const MergeConflict& conflict) {
  const auto result = [&](RunState state, const std::optional<double>& error,
                          const std::optional<double>& best) {
    std::string word = RunStateText(state);
    std::ranges::replace(word, '_', ' ');
    if (!error) return word;
    word += fmt::format(" with {}%", *error);
    return best && conflict.error == conflict.other_error ? word + fmt::format(" (best {}%)", *best)
                                                          : word;
  };
  return fmt::format("run {} ({}{}, seed {}): {} here, {} in {}", conflict.run_id,
                     conflict.hash.empty() ? "" : conflict.hash + ", ", conflict.recipe,
                     conflict.seed, result(conflict.state, conflict.error, conflict.best_error),
                     result(conflict.other_state, conflict.other_error, conflict.other_best_error),
                     conflict.source);
}

std::string TellConflict(const PropertyConflict& conflict) {
  return fmt::format("member {} of population '{}': {} {} here, {} there", conflict.member,
                     conflict.population, conflict.name, conflict.value, conflict.other_value);
}

}  // namespace dse
