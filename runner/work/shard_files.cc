#include "runner/work/shard_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>

#include "core/durable_file.h"
#include "core/error.h"
#include "runner/work/run_files.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

void Move(const std::string& from, const std::string& to) {
  std::error_code failure;
  fs::create_directories(fs::path(to).parent_path(), failure);
  fs::rename(from, to, failure);
  if (!failure) return SynchroniseFolder(to);
  if (failure != std::errc::cross_device_link) {
    throw Error(from + ": cannot be moved to " + to + ": " + failure.message(), Fault::kMachine);
  }
  CopyDurably(from, to);
  fs::remove(from, failure);
}

fs::file_time_type NewestOf(const std::vector<std::string>& files) {
  fs::file_time_type newest = fs::file_time_type::min();
  for (const std::string& file : files) {
    std::error_code gone;
    const fs::file_time_type time = fs::last_write_time(file, gone);
    if (!gone) newest = std::max(newest, time);
  }
  return newest;
}

// From where to where, of one run.
using Moves = std::vector<std::pair<std::string, std::string>>;

// Of checkpoints the whole ones: what a move that was killed left half written is as new as that
// move.
class MoveList {
 public:
  explicit MoveList(const ShardFolders& folders)
      : folders_(folders),
        here_(FindRunFiles(folders.shard)),
        there_(FindRunFiles(folders.study)) {}

  // Checkpoints in the study's folder that are older are in `outdated`.
  Moves Of(const MergedRun& run, std::vector<std::string>& outdated) const {
    Moves moves;
    const auto at = here_.find(run.shard_key);
    if (at == here_.end()) return moves;
    const std::string weights = WeightsPath(folders_.shard, run.shard_key);
    if (run.shown && fs::exists(weights)) {
      moves.emplace_back(weights, WeightsPath(folders_.study, run.key));
    }
    const std::vector<std::string>& own = at->second.whole_checkpoints;
    if (!run.open || own.empty()) return moves;
    if (const auto old = there_.find(run.key); old != there_.end()) {
      if (NewestOf(old->second.whole_checkpoints) >= NewestOf(own)) return moves;
      outdated = old->second.whole_checkpoints;
    }
    const std::string from = CheckpointPath(folders_.shard, run.shard_key);
    for (const std::string& file : own) {
      if (!file.starts_with(from)) continue;
      moves.emplace_back(file, CheckpointPath(folders_.study, run.key) + file.substr(from.size()));
    }
    return moves;
  }

 private:
  const ShardFolders& folders_;
  std::map<std::string, RunFiles> here_;
  std::map<std::string, RunFiles> there_;
};

}  // namespace

void CopyDurably(const std::string& from, const std::string& to) {
  constexpr size_t kPiece = 1 << 20;
  std::ifstream in(from, std::ios::binary);
  if (!in) throw Error(from + ": cannot be read", Fault::kMachine);
  PendingFile out(to);
  std::string piece(kPiece, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(kPiece)) || in.gcount() > 0) {
    out.Append(std::string_view(piece).substr(0, static_cast<size_t>(in.gcount())));
  }
  if (in.bad()) throw Error(from + ": cannot be read", Fault::kMachine);
  out.Finish();
  out.Publish();
}

int64_t CountShardFiles(const ShardFolders& folders, const std::vector<MergedRun>& runs) {
  if (folders.shard == folders.study) return 0;
  const MoveList list(folders);
  int64_t count = 0;
  for (const MergedRun& run : runs) {
    std::vector<std::string> outdated;
    count += static_cast<int64_t>(list.Of(run, outdated).size());
  }
  return count;
}

void RemoveStaleCheckpoints(const std::string& folder, const std::vector<MergedRun>& runs) {
  const std::map<std::string, RunFiles> files = FindRunFiles(folder);
  for (const MergedRun& run : runs) {
    const auto at = files.find(run.key);
    if (!run.shown || at == files.end()) continue;
    std::error_code ignored;
    for (const std::string& file : at->second.checkpoints) fs::remove(file, ignored);
  }
}

int64_t MoveShardFiles(const ShardFolders& folders, const std::vector<MergedRun>& runs) {
  if (folders.shard == folders.study) return 0;
  const MoveList list(folders);
  int64_t count = 0;
  for (const MergedRun& run : runs) {
    std::vector<std::string> outdated;
    const Moves moves = list.Of(run, outdated);
    std::error_code ignored;
    for (const std::string& file : outdated) fs::remove(file, ignored);
    for (const auto& [from, to] : moves) Move(from, to);
    count += static_cast<int64_t>(moves.size());
  }
  return count;
}

void NameReplacedWeights(const std::string& folder, const std::vector<ReplacedResult>& replaced) {
  for (const ReplacedResult& result : replaced) {
    const std::string weights = WeightsPath(folder, result.key);
    const std::string name = ReplacedWeightsPath(folder, result.key, result.attempt);
    std::error_code failure;
    if (!fs::exists(weights, failure) || fs::equivalent(weights, name, failure)) continue;
    fs::remove(name, failure);  // no result has this name before it is replaced
    fs::create_hard_link(weights, name, failure);
    if (!failure) SynchroniseFolder(name);
  }
}

void SetWeightsAside(const std::string& folder, const std::vector<ReplacedResult>& now,
                     const std::vector<ReplacedResult>& ever) {
  for (const ReplacedResult& result : ever) {
    const std::string weights = WeightsPath(folder, result.key);
    std::error_code failure;
    if (!fs::equivalent(weights, ReplacedWeightsPath(folder, result.key, result.attempt),
                        failure)) {
      continue;
    }
    fs::remove(weights, failure);
    SynchroniseFolder(weights);
  }
  // Where a file cannot have two names.
  for (const ReplacedResult& result : now) {
    const std::string weights = WeightsPath(folder, result.key);
    const std::string name = ReplacedWeightsPath(folder, result.key, result.attempt);
    std::error_code failure;
    if (fs::exists(weights, failure) && !fs::exists(name, failure)) RenameDurably(weights, name);
  }
}

}  // namespace dse
