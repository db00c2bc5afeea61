#pragma once

#include <map>
#include <string>
#include <vector>

namespace dse {

// Where the files of runs lie: in DATABASE.d beside the database, or in the folder given.
std::string WorkFolder(const std::string& db_path, const std::string& work_dir);

// FOLDER/checkpoints/KEY.safetensors and FOLDER/weights/KEY.safetensors; `key` is the run's natural
// key, so they stay right where databases are merged.
std::string CheckpointPath(const std::string& folder, const std::string& key);
std::string WeightsPath(const std::string& folder, const std::string& key);

// Makes the two folders. Throws Error that names what cannot be made.
void MakeRunFolders(const std::string& folder);

// The files in FOLDER that belong to a run.
struct RunFiles {
  std::vector<std::string> checkpoints;
  std::vector<std::string> weights;
};
// By natural key, of every run that has any; sorted. Empty where there is no such folder.
std::map<std::string, RunFiles> FindRunFiles(const std::string& folder);

// Removes a run's checkpoint, the one before it and what a write left behind.
void RemoveCheckpoint(const std::string& path);

}  // namespace dse
