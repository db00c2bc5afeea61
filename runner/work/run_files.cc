#include "runner/work/run_files.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/units.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".safetensors";
constexpr std::string_view kAttempt = ".attempt-";
constexpr std::string_view kReplaced = ".replaced-";
constexpr std::string_view kTemporary = ".new-";  // PendingFile's
constexpr std::string_view kCopy = ".copy";       // of checkpoints for shards, once

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

// Whether it is such a word and a number.
bool IsNumbered(std::string_view text, std::string_view word) {
  return text.starts_with(word) && IsNumber(text.substr(word.size()));
}

// Of a file that is called `rest` after KEY.safetensors; empty for a name that we do not give.
std::optional<RunFile::State> FileStateOf(std::string_view rest, RunFile::Kind kind) {
  if (rest == kCopy) return RunFile::State::kPartial;
  if (const size_t at = rest.rfind(kTemporary); at != rest.npos) {
    const bool ours =
        IsNumbered(rest.substr(at), kTemporary) && FileStateOf(rest.substr(0, at), kind);
    return ours ? std::optional(RunFile::State::kPartial) : std::nullopt;
  }
  if (rest.empty()) return RunFile::State::kInPlace;
  if (kind == RunFile::Kind::kCheckpoint) {
    const bool ours = rest == ".fresh" || rest == ".previous";
    return ours ? std::optional(RunFile::State::kInPlace) : std::nullopt;
  }
  if (IsNumbered(rest, kAttempt)) return RunFile::State::kAttempt;
  if (IsNumbered(rest, kReplaced)) return RunFile::State::kReplaced;
  return std::nullopt;
}

void List(const std::string& folder, RunFile::Kind kind, std::vector<RunFile>& files) {
  std::error_code none;
  for (fs::directory_iterator it(folder, none), end; it != end; it.increment(none)) {
    const std::string name = it->path().filename().string();
    const std::string key = name.substr(0, kHashDigits);
    if (key.size() < kHashDigits || key.find_first_not_of("0123456789abcdef") != key.npos) continue;
    const std::string_view rest = std::string_view(name).substr(kHashDigits);
    if (!rest.starts_with(kExtension)) continue;
    const std::optional<RunFile::State> state = FileStateOf(rest.substr(kExtension.size()), kind);
    if (state) files.push_back({it->path().string(), key, kind, *state});
  }
}

std::string PathOf(const std::string& folder, const std::string& key) {
  return folder + "/" + key + std::string(kExtension);
}

// The files whose paths begin so.
void RemoveBeginningWith(const std::string& path) {
  const fs::path whole(path);
  std::error_code ignored;
  std::vector<fs::path> found;
  for (fs::directory_iterator it(whole.parent_path(), ignored), end; it != end;
       it.increment(ignored)) {
    if (it->path().filename().string().starts_with(whole.filename().string())) {
      found.push_back(it->path());
    }
  }
  for (const fs::path& file : found) fs::remove(file, ignored);
}

}  // namespace

std::string WorkFolder(const std::string& db_path, const std::string& work_dir) {
  if (!work_dir.empty()) return work_dir;
  std::error_code failure;
  if (!fs::is_symlink(db_path, failure)) return db_path + ".d";
  const fs::path file = fs::canonical(db_path, failure);
  if (failure) throw Error(db_path + ": cannot be followed: " + failure.message());
  return file.string() + ".d";
}

std::string CheckpointPath(const std::string& folder, const std::string& key) {
  return PathOf(folder + "/checkpoints", key);
}

std::string WeightsPath(const std::string& folder, const std::string& key) {
  return PathOf(folder + "/weights", key);
}

std::string AttemptWeightsPath(const std::string& folder, const std::string& key, int64_t attempt) {
  return WeightsPath(folder, key) + std::string(kAttempt) + std::to_string(attempt);
}

std::string ReplacedWeightsPath(const std::string& folder, const std::string& key,
                                int64_t attempt) {
  return WeightsPath(folder, key) + std::string(kReplaced) + std::to_string(attempt);
}

void MakeRunFolders(const std::string& folder) {
  for (const char* name : {"/checkpoints", "/weights"}) {
    std::error_code failure;
    fs::create_directories(folder + name, failure);
    if (failure) {
      throw Error(folder + name + ": cannot be made: " + failure.message(), Fault::kMachine);
    }
    PendingFile(folder + name + "/test").Finish();  // and removed with the object
  }
}

void CheckSpace(const std::string& folder, double bytes, const std::string& what) {
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) != 0) return;  // a file system that does not tell
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (free >= bytes) return;
  throw Error(folder + ": the disk has " + FormatCount(free) + "B left, and " + what +
                  " needs about " + FormatCount(bytes) + "B; free some space",
              Fault::kMachine);
}

std::vector<RunFile> ListRunFiles(const std::string& folder) {
  std::vector<RunFile> files;
  List(folder + "/checkpoints", RunFile::Kind::kCheckpoint, files);
  List(folder + "/weights", RunFile::Kind::kWeights, files);
  std::ranges::sort(files, {}, &RunFile::path);
  return files;
}

std::map<std::string, RunFiles> FindRunFiles(const std::string& folder) {
  std::map<std::string, RunFiles> runs;
  for (RunFile& file : ListRunFiles(folder)) {
    RunFiles& run = runs[file.key];
    const bool in_place = file.state == RunFile::State::kInPlace;
    if (file.kind == RunFile::Kind::kCheckpoint) {
      if (in_place) run.whole_checkpoints.push_back(file.path);
      run.checkpoints.push_back(std::move(file.path));
    } else {
      run.has_weights = run.has_weights || in_place;
      run.weights.push_back(std::move(file.path));
    }
  }
  return runs;
}

int64_t RemoveRunFiles(const std::string& folder, const std::vector<std::string>& keys) {
  const std::map<std::string, RunFiles> files = FindRunFiles(folder);
  int64_t removed = 0;
  for (const std::string& key : keys) {
    const auto at = files.find(key);
    if (at == files.end()) continue;
    for (const auto& list : {at->second.checkpoints, at->second.weights}) {
      for (const std::string& file : list) {
        std::error_code ignored;
        removed += fs::remove(file, ignored) ? 1 : 0;
      }
    }
  }
  return removed;
}

void RemoveCheckpoint(const std::string& path) { RemoveBeginningWith(path); }

void RemoveAttemptWeights(const std::string& folder, const std::string& key) {
  RemoveBeginningWith(WeightsPath(folder, key) + std::string(kAttempt));
}

}  // namespace dse
