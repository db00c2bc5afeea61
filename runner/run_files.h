#pragma once

#include <string>

namespace dse {

// Where the files of runs lie: in the folder given, else in DATABASE.d beside the database. A
// symbolic link to a database is followed, so that they belong to the file and not to its name.
// Throws Error for one that leads nowhere.
std::string WorkFolder(const std::string& db_path, const std::string& work_dir);

// FOLDER/checkpoints/KEY.safetensors and FOLDER/weights/KEY.safetensors; `key` is the run's natural
// key, so they stay right where databases are merged, and never changes.
std::string CheckpointPath(const std::string& folder, const std::string& key);
std::string WeightsPath(const std::string& folder, const std::string& key);

// Makes the two folders. Throws Error that names what cannot be made.
void MakeRunFolders(const std::string& folder);

// Removes a run's checkpoint, the one before it and what a write left behind.
void RemoveCheckpoint(const std::string& path);

}  // namespace dse
