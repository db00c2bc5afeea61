#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dse {

// The batch job that a process runs in. A requeued job keeps its number, and numbers are used
// again, so the time of its start belongs to it.
struct OwnerJob {
  std::string cluster;
  int64_t user = 0;  // uid
  int64_t id = 0;
  std::optional<int64_t> start;  // seconds since 1970
};

// Who holds a run. The token is unique to a process and tells, on its own machine, whether that
// process still lives.
class Owner {
 public:
  static Owner ThisProcess();
  // Says that this process and those it forks later run in a batch job: their tokens tell.
  static void SetJob(const OwnerJob& job);
  static Owner FromToken(std::string token) { return Owner(std::move(token)); }
  const std::string& token() const { return token_; }
  // "host" part, for people.
  std::string host() const;
  // The job it ran in, if its token tells one.
  std::optional<OwnerJob> job() const;
  // True only if the process certainly ended: same machine, boot and pid namespace as ours, and no
  // such process. Anything unknown counts as alive.
  bool CertainlyDead() const;

 private:
  explicit Owner(std::string token) : token_(std::move(token)) {}
  // host/boot/pid-namespace/pid/start-time/random, and in a job /slurm:cluster:uid:id:start
  std::string token_;
};

// Of some owners, each in a batch job (Owner::job), which have certainly ended. Asked without a
// lock on the file.
using EndedOwners = std::function<std::vector<bool>(std::span<const Owner>)>;

// The tokens of those of `tokens` that ended with their batch job, as `ended` says, which is not
// asked where none is of a job.
std::set<std::string> EndedInJobs(const std::set<std::string>& tokens, const EndedOwners& ended);

}  // namespace dse
