#include "runner/run_files.h"

#include <filesystem>
#include <system_error>

#include "core/error.h"

namespace dse {

namespace fs = std::filesystem;

std::string WorkFolder(const std::string& db_path, const std::string& work_dir) {
  if (!work_dir.empty()) return work_dir;
  std::error_code failure;
  if (!fs::is_symlink(db_path, failure)) return db_path + ".d";
  const fs::path file = fs::canonical(db_path, failure);
  if (failure) throw Error(db_path + ": cannot be followed: " + failure.message());
  return file.string() + ".d";
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

void RemoveCheckpoint(const std::string& path) {
  std::error_code ignored;
  for (const char* end : {"", ".previous", ".fresh"}) fs::remove(path + end, ignored);
}

}  // namespace dse
