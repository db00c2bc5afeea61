#include "runner/slurm/submission.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "runner/slurm/commands.h"

namespace dse {

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
    const int failure = errno;
    if (file >= 0) close(file);
    if (!written) throw Error(path + ": cannot be written: " + std::strerror(failure));
    return path;
  }
  throw Error(folder + ": is full of scripts");
}

std::string SubmitScript(const std::string& path) {
  const SlurmReply reply = AskSlurm(std::vector<std::string>{"sbatch", "--parsable", path}, 120);
  if (reply.answer != SlurmAnswer::kAnswered) {
    throw Error("Slurm did not take the job: " + reply.error + " (the script is " + path + ")");
  }
  return reply.out.substr(0, reply.out.find_first_of(";\n"));
}

}  // namespace dse
