#include "runner/work/orphans.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "core/error.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

bool HasResult(const FileRun& run) {
  return run.state == RunState::kDone || run.state == RunState::kDiverged ||
         run.state == RunState::kOutOfMemory;
}

std::string NameOf(const FileRun& run) {
  return "its run " + std::to_string(run.id) + " is " + RunStateText(run.state);
}

// A run that is over needs no checkpoint, and no weights but those in place and those that another
// result replaced.
bool IsLeftover(const RunFile& file) {
  return file.kind == RunFile::Kind::kCheckpoint || file.state == RunFile::State::kAttempt ||
         file.state == RunFile::State::kPartial;
}

}  // namespace

std::string WhyOrphan(const RunFile& file, const std::optional<FileRun>& run) {
  if (!run) return "no run has this key";
  if (run->state == RunState::kRunning || !IsLeftover(file)) return "";
  if (HasResult(*run)) return IsSettled(*run) ? NameOf(*run) : "";
  return file.state == RunFile::State::kInPlace
             ? ""
             : "what a process wrote that ended meanwhile; " + NameOf(*run);
}

bool RemoveOrphan(Database& db, const RunFile& file, const std::function<bool()>& held) {
  bool removed = false;
  WithFileRun(db, file.key, [&](const std::optional<FileRun>& run) {
    std::error_code failure;
    if (!WhyOrphan(file, run).empty() && !held()) removed = fs::remove(file.path, failure);
  });
  return removed;
}

int64_t RemoveLeftBehind(const std::string& db_path, const std::string& folder) {
  int64_t removed = 0;
  try {
    std::vector<RunFile> files = ListRunFiles(folder);
    std::erase_if(files, [](const RunFile& file) { return !IsLeftover(file); });
    if (files.empty()) return 0;
    Database db = Database::Open(db_path, OpenMode::kReadWrite);
    for (const RunFile& file : files) {
      const std::optional<FileRun> now = FindFileRun(db, file.key);
      if (!now || !HasResult(*now)) continue;
      WithFileRun(db, file.key, [&](const std::optional<FileRun>& run) {
        std::error_code failure;
        if (run && HasResult(*run) && fs::remove(file.path, failure)) ++removed;
      });
    }
  } catch (const Error&) {
    // The files cost space and nothing else; the next training removes them.
  }
  return removed;
}

}  // namespace dse
