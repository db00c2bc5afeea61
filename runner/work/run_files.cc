#include "runner/work/run_files.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/units.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExtension = ".safetensors";
constexpr const char* kAttempt = ".attempt-";
constexpr size_t kKeyLength = 16;  // of a natural key, which every file of a run begins with

void AddFiles(const std::string& folder, std::map<std::string, RunFiles>& runs,
              std::vector<std::string> RunFiles::*list) {
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, none)) {
    const std::string name = entry.path().filename().string();
    if (name.size() > kKeyLength) {
      (runs[name.substr(0, kKeyLength)].*list).push_back(entry.path().string());
    }
  }
  for (auto& [key, files] : runs) std::ranges::sort(files.*list);
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
  return folder + "/checkpoints/" + key + kExtension;
}

std::string WeightsPath(const std::string& folder, const std::string& key) {
  return folder + "/weights/" + key + kExtension;
}

std::string AttemptWeightsPath(const std::string& folder, const std::string& key, int64_t attempt) {
  return WeightsPath(folder, key) + kAttempt + std::to_string(attempt);
}

std::string ReplacedWeightsPath(const std::string& folder, const std::string& key,
                                int64_t attempt) {
  return WeightsPath(folder, key) + ".replaced-" + std::to_string(attempt);
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

bool RunFiles::has_weights() const {
  return std::ranges::any_of(weights,
                             [](const std::string& path) { return path.ends_with(kExtension); });
}

std::map<std::string, RunFiles> FindRunFiles(const std::string& folder) {
  std::map<std::string, RunFiles> runs;
  AddFiles(folder + "/checkpoints", runs, &RunFiles::checkpoints);
  AddFiles(folder + "/weights", runs, &RunFiles::weights);
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
  RemoveBeginningWith(WeightsPath(folder, key) + kAttempt);
}

}  // namespace dse
