#include "runner/run_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

std::string WorkFolder(const std::string& db_path, const std::string& work_dir) {
  return work_dir.empty() ? db_path + ".d" : work_dir;
}

std::string CheckpointPath(const std::string& folder, const std::string& key) {
  return folder + "/checkpoints/" + key + ".safetensors";
}

std::string WeightsPath(const std::string& folder, const std::string& key) {
  return folder + "/weights/" + key + ".safetensors";
}

void MakeRunFolders(const std::string& folder) {
  for (const char* name : {"/checkpoints", "/weights"}) {
    std::error_code failure;
    fs::create_directories(folder + name, failure);
    if (failure) throw Error(folder + name + ": cannot be made: " + failure.message());
  }
}

std::map<std::string, RunFiles> FindRunFiles(const std::string& folder) {
  std::map<std::string, RunFiles> runs;
  AddFiles(folder + "/checkpoints", runs, &RunFiles::checkpoints);
  AddFiles(folder + "/weights", runs, &RunFiles::weights);
  return runs;
}

void RemoveCheckpoint(const std::string& path) {
  std::error_code ignored;
  for (const char* end : {"", ".previous", ".fresh"}) fs::remove(path + end, ignored);
}

}  // namespace dse
