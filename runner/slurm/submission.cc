#include "runner/slurm/submission.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "runner/slurm/commands.h"
#include "runner/slurm/queue.h"

namespace dse {
namespace {

// Variables of the environment that the script's own lines are to win over.
std::vector<std::string> SetBy(const std::string& script) {
  std::ifstream in(script);
  std::vector<std::string> variables;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("#SBATCH ")) continue;
    const auto names = [&](const char* option) { return line.find(option) != line.npos; };
    if (names(" --account") || names(" -A")) variables.emplace_back("SBATCH_ACCOUNT");
    if (names(" --qos") || names(" -q")) variables.emplace_back("SBATCH_QOS");
    if (names(" --reservation")) variables.emplace_back("SBATCH_RESERVATION");
  }
  return variables;
}

// " 17 18"
std::string Names(const std::vector<std::string>& ids) {
  std::string names;
  for (const std::string& id : ids) names += " " + id;
  return names;
}

SlurmReply Cancel(const std::vector<std::string>& ids) {
  std::vector<std::string> words{"scancel"};
  words.insert(words.end(), ids.begin(), ids.end());
  return AskSlurm(words);
}

// Takes arrays back and says so.
std::string TakeBack(const std::vector<std::string>& ids) {
  const SlurmReply reply = Cancel(ids);
  if (reply.answer == SlurmAnswer::kAnswered) return "cancelled what it took before:" + Names(ids);
  return "it took others before, which go on (" + reply.error + "); end them with: scancel" +
         Names(ids);
}

constexpr const char* kScriptId = "ID_OF_SCRIPT_";

}  // namespace

std::vector<BatchJob> SplitArray(const BatchJob& job, int64_t max_array) {
  const int64_t most = std::max<int64_t>(1, max_array);
  std::vector<BatchJob> arrays;
  for (int64_t first = 0; first < job.tasks; first += most) {
    BatchJob array = job;
    array.tasks = std::min(most, job.tasks - first);
    if (array.shards) array.shards->first = job.shards->first + first;
    arrays.push_back(std::move(array));
  }
  return arrays;
}

std::string KeepScript(const std::string& folder, const std::string& name,
                       const std::string& script) {
  constexpr int kMostFiles = 1'000'000;
  for (int i = 1; i <= kMostFiles; ++i) {
    const std::string path = folder + "/" + name + "-" + std::to_string(i) + ".sh";
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    if (file < 0 && errno == EEXIST) continue;
    bool written = file >= 0;
    for (size_t done = 0; written && done < script.size();) {
      const ssize_t count = write(file, script.data() + done, script.size() - done);
      written = count > 0;
      if (written) done += static_cast<size_t>(count);
    }
    int failure = errno;
    if (file >= 0 && close(file) != 0 && written) {  // where a quota or a network disk says no
      failure = errno;
      written = false;
    }
    if (written) return path;
    if (file >= 0) unlink(path.c_str());
    throw Error(path + ": cannot be written: " + std::strerror(failure));
  }
  throw Error(folder + ": is full of scripts");
}

std::string SubmitScript(const std::string& path) {
  const SlurmReply reply =
      AskSlurm(std::vector<std::string>{"sbatch", "--parsable", path}, 120, SetBy(path));
  if (reply.answer == SlurmAnswer::kSilent) {
    throw Error("Slurm did not say whether it took the job, and may have: " + reply.error +
                "; look with 'squeue --me' before you submit again (the script is " + path + ")");
  }
  if (reply.answer != SlurmAnswer::kAnswered) {
    throw Error("Slurm did not take the job: " + reply.error + " (the script is " + path + ")");
  }
  const std::string id = reply.out.substr(0, reply.out.find_first_of(";\n"));
  if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
    throw Error("sbatch answered '" + id +
                "' in place of the number of a job; look with 'squeue "
                "--me' whether it took " +
                path);
  }
  return id;
}

std::vector<std::string> SubmitArrays(const std::vector<BatchJob>& arrays,
                                      const std::function<void(const SubmittedArray&)>& on_array) {
  std::vector<std::string> ids;
  for (const BatchJob& array : arrays) {
    try {
      const std::string script = KeepScript(array.log_folder, "train", BatchScript(array));
      ids.push_back(SubmitScript(script));
      on_array({array, ids.back(), script});
    } catch (const Error& error) {
      if (ids.empty()) throw;
      throw Error(std::string(error.what()) + "; " + TakeBack(ids));
    }
  }
  return ids;
}

std::string ShowScripts(const std::vector<BatchJob>& arrays) {
  const BatchJob& job = arrays.front();
  const size_t count = arrays.size() + (job.shards ? 1 : 0);
  std::string text;
  std::vector<std::string> ids;
  const auto part = [&](const std::string& what) {
    text += "\n# ======== script " + std::to_string(ids.size() + 1) + " of " +
            std::to_string(count) + ": " + what + " ========\n";
  };
  for (const BatchJob& array : arrays) {
    if (!ids.empty()) part("an array of the next " + std::to_string(array.tasks) + " tasks");
    text += BatchScript(array);
    ids.push_back(kScriptId + std::to_string(ids.size() + 1));
  }
  if (!job.shards) return text;
  part("merges the shards when" + Names(ids) + ", the jobs of those above, have ended");
  return text + MergeScript(job, ids);
}

std::string GiveWayToEarlier(const std::string& database, const std::vector<std::string>& ids) {
  const JobQueue queue = JobsOf(database);
  if (queue.answer != SlurmAnswer::kAnswered) return queue.error;
  int64_t first = INT64_MAX;  // of ours
  for (const std::string& id : ids) first = std::min<int64_t>(first, std::stoll(id));
  const auto earliest = std::ranges::min_element(queue.jobs, {}, &QueuedJob::array_id);
  if (earliest == queue.jobs.end() || earliest->array_id >= first) return "";
  const SlurmReply reply = Cancel(ids);
  throw Error("job " + std::to_string(earliest->array_id) + " of " + earliest->user + " for " +
              database + " was submitted in the same moment and would write the same shards, so " +
              (reply.answer == SlurmAnswer::kAnswered
                   ? "this submission was cancelled:" + Names(ids)
                   : "this one has to go, but goes on (" + reply.error + "); end it with: scancel" +
                         Names(ids)));
}

}  // namespace dse
