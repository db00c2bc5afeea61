#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dse {

// Where the files of runs lie: in the folder given, else in DATABASE.d beside the database. A
// symbolic link to a database is followed, so that they belong to the file and not to its name.
// Throws Error for one that leads nowhere.
std::string WorkFolder(const std::string& db_path, const std::string& work_dir);

// FOLDER/checkpoints/KEY.safetensors and FOLDER/weights/KEY.safetensors; `key` is the run's natural
// key, so they stay right where databases are merged, and never changes.
std::string CheckpointPath(const std::string& folder, const std::string& key);
std::string WeightsPath(const std::string& folder, const std::string& key);
// What an attempt writes its weights to until its result is stored: an owner that lost its run and
// does not know it yet touches no other's.
std::string AttemptWeightsPath(const std::string& folder, const std::string& key, int64_t attempt);
// Weights of a result that another replaced (dse merge). They are kept until their run is
// forgotten.
std::string ReplacedWeightsPath(const std::string& folder, const std::string& key, int64_t attempt);

// Makes the two folders and tries whether files can be made in them. Throws Error, the machine's
// fault, that names what cannot be.
void MakeRunFolders(const std::string& folder);

// Throws Error, the machine's fault, if the disk that `folder` lies on has less space for us than
// so many bytes; `what` needs them ("a checkpoint").
void CheckSpace(const std::string& folder, double bytes, const std::string& what);

// A file in one of the two folders, by its name.
struct RunFile {
  enum class Kind { kCheckpoint, kWeights };
  enum class State {
    kInPlace,   // under its own name (a checkpoint also as the one before, or the next)
    kAttempt,   // weights of an attempt whose result is not stored
    kReplaced,  // ReplacedWeightsPath
    kPartial,   // half written
  };
  std::string path;
  std::string key;  // of the run
  Kind kind = Kind::kCheckpoint;
  State state = State::kInPlace;
};
// Every file with a name that this program gives, in the order of names, checkpoints first. Others
// are left out. Empty where there is no such folder.
std::vector<RunFile> ListRunFiles(const std::string& folder);

// The paths of those that belong to one run.
struct RunFiles {
  std::vector<std::string> checkpoints;
  std::vector<std::string> whole_checkpoints;  // those of them that are in place
  std::vector<std::string> weights;
  bool has_weights = false;  // kept ones of a result
};
// By natural key, of every run that has any.
std::map<std::string, RunFiles> FindRunFiles(const std::string& folder);

// Removes the files of the runs of these keys. Answers how many files there were.
int64_t RemoveRunFiles(const std::string& folder, const std::vector<std::string>& keys);

// Removes a run's checkpoint, the one before it and what writes left behind.
void RemoveCheckpoint(const std::string& path);

// Removes what attempts at a run wrote of weights and did not put in place, once it has a result.
void RemoveAttemptWeights(const std::string& folder, const std::string& key);

}  // namespace dse
