#include "runner/work/orphans.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/hash.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".safetensors";
constexpr std::string_view kInPlace[] = {"", ".fresh", ".previous"};
constexpr std::string_view kTemporary = ".new-";  // PendingFile's
constexpr std::string_view kAttempt = ".attempt-";
constexpr std::string_view kCopy = ".copy";  // of checkpoints for shards, once

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Whether we gave a file this name after KEY.safetensors. Everything else is somebody else's, or
// kept on purpose (ReplacedWeightsPath).
bool IsOurs(std::string_view rest, RunFile::Kind kind) {
  if (rest == kCopy) return true;
  const size_t temporary = rest.rfind(kTemporary);
  if (temporary != rest.npos) {
    if (!IsNumber(rest.substr(temporary + kTemporary.size()))) return false;
    rest = rest.substr(0, temporary);
  }
  if (kind == RunFile::Kind::kCheckpoint) return std::ranges::count(kInPlace, rest) > 0;
  return rest.empty() || (rest.starts_with(kAttempt) && IsNumber(rest.substr(kAttempt.size())));
}

bool HasResult(const FileRun& run) {
  return run.state == RunState::kDone || run.state == RunState::kDiverged ||
         run.state == RunState::kOutOfMemory;
}

std::string NameOf(const FileRun& run) {
  return "its run " + std::to_string(run.id) + " is " + RunStateText(run.state);
}

void List(const std::string& folder, RunFile::Kind kind, std::vector<RunFile>& files) {
  std::error_code none;
  for (fs::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
    const std::string name = it->path().filename().string();
    const std::string key = name.substr(0, kHashDigits);
    if (key.size() < kHashDigits ||
        key.find_first_not_of("0123456789abcdef") != std::string::npos) {
      continue;
    }
    std::string_view rest = std::string_view(name).substr(kHashDigits);
    if (!rest.starts_with(kExtension)) continue;
    rest.remove_prefix(kExtension.size());
    if (!IsOurs(rest, kind)) continue;
    const bool in_place =
        kind == RunFile::Kind::kCheckpoint ? std::ranges::count(kInPlace, rest) > 0 : rest.empty();
    const bool temporary = rest == kCopy || rest.find(kTemporary) != rest.npos;
    files.push_back({it->path().string(), kind, key, in_place, temporary});
  }
}

// A run that is over needs no checkpoint, and no weights but those in place.
bool IsLeftover(const RunFile& file) {
  return file.kind == RunFile::Kind::kCheckpoint || !file.in_place;
}

}  // namespace

std::vector<RunFile> ListRunFiles(const std::string& folder) {
  std::vector<RunFile> files;
  List(folder + "/checkpoints", RunFile::Kind::kCheckpoint, files);
  List(folder + "/weights", RunFile::Kind::kWeights, files);
  std::ranges::sort(files, {}, &RunFile::path);
  return files;
}

std::string WhyOrphan(const RunFile& file, const std::optional<FileRun>& run) {
  if (!run) return "no run has this key";
  if (run->state == RunState::kRunning || !IsLeftover(file)) return "";
  if (HasResult(*run)) return IsSettled(*run) ? NameOf(*run) : "";
  return file.in_place ? "" : "what a process wrote that ended meanwhile; " + NameOf(*run);
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
