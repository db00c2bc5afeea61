#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runner/slurm/batch_script.h"

namespace dse {

// The arrays that a job is given to Slurm in: each has fewer tasks than Slurm allows to an array
// (`max_array`), together they have all of them.
std::vector<BatchJob> SplitArray(const BatchJob& job, int64_t max_array);

// Writes a script to a new file "NAME-1.sh", "NAME-2.sh", ... of the folder, which may be read and
// run by its owner. Answers its path. Throws Error.
std::string KeepScript(const std::string& folder, const std::string& name,
                       const std::string& script);

// Gives a script to Slurm and answers the id of the job. What the environment says to sbatch
// (SBATCH_...) does not count, but for account, qos and reservation where the script names none.
// Throws Error with what sbatch said.
std::string SubmitScript(const std::string& path);

// An array that Slurm took.
struct SubmittedArray {
  const BatchJob& job;
  std::string id, script;
};

// Keeps the scripts of arrays and gives them to Slurm; `on_array` is told of each. Answers their
// ids. Where one is not taken, those before it are cancelled. Throws Error.
std::vector<std::string> SubmitArrays(const std::vector<BatchJob>& arrays,
                                      const std::function<void(const SubmittedArray&)>& on_array);

// All scripts of a submission as people read them before it is made, each parted from the one
// before by a line. Where a script follows from the number of another's job, "ID_OF_SCRIPT_1"
// stands for it.
std::string ShowScripts(const std::vector<BatchJob>& arrays);

// Of two submissions for one database in the same moment, whose tasks would write the same shards,
// the one with the lowest number of a job stays. `ids` are those of ours, before which the queue
// had no job for the database. Where another has a lower one now, ours are cancelled; throws Error
// then. Answers why it cannot be known where Slurm gives no answer, else "".
std::string GiveWayToEarlier(const std::string& database, const std::vector<std::string>& ids);

}  // namespace dse
