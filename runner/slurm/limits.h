#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/slurm/commands.h"

namespace dse {

// Slurm's times: "90" (minutes), "90:00", "1:30:00", "2-12", "2-12:30:00"; also "90m", "2h", "1d"
// and "30s". In seconds. Throws Error for anything else and for no time at all.
int64_t ParseSlurmTime(std::string_view text);
// "0-01:30:00", rounded up to whole minutes, which Slurm counts in.
std::string FormatSlurmTime(int64_t seconds);

// A partition as `scontrol show partition` tells it; empty = no limit.
struct Partition {
  std::string name;
  bool is_default = false;
  std::string state;  // "UP", "DOWN", "DRAIN", "INACTIVE"
  int64_t nodes = 0;
  int64_t cpus = 0;
  int64_t gpus = 0;
  std::optional<int64_t> max_seconds, default_seconds;

  // The limit of a job that names none.
  std::optional<int64_t> LimitOfJobs() const {
    return default_seconds ? default_seconds : max_seconds;
  }
};
std::vector<Partition> ParsePartitions(std::string_view text);

// What can be known of a cluster before a job is given to it.
struct ClusterLimits {
  SlurmAnswer answer = SlurmAnswer::kAnswered;
  std::string error;  // why there is no answer
  std::string cluster;
  int64_t max_array = 1001;  // MaxArraySize: a task's number is below it
  std::vector<Partition> partitions;
};
ClusterLimits ReadLimits();

// How many nodes of a partition can take jobs now, or empty where Slurm does not say.
std::optional<int64_t> UsableNodes(const std::string& partition);

// The partition that jobs go to: the one named, else the default. Throws Error for a name that is
// not there, one that takes no jobs, and a limit of time above its own.
const Partition& ChoosePartition(const ClusterLimits& limits,
                                 const std::optional<std::string>& name,
                                 std::optional<int64_t> seconds);

}  // namespace dse
