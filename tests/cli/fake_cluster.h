#pragma once

#include <string>

#include "tests/runner/slurm/fake_command.h"
#include "tests/support/process.h"

namespace dse {

// A cluster as Slurm's commands would describe it; what is submitted is kept.
inline constexpr const char* kScontrol = R"(
case $2 in
  config) echo 'ClusterName = mars'; echo 'MaxArraySize = 4' ;;
  *) echo 'PartitionName=low Default=YES MaxTime=01:00:00 DefaultTime=NONE State=UP TotalCPUs=2 TotalNodes=1 TRES=cpu=2' ;;
esac)";

class FakeCluster {
 public:
  FakeCluster() : commands_("scontrol", kScontrol) {
    commands_.Add("sinfo", "echo '1 idle'");
    commands_.Add("squeue", "exit 0");
    commands_.Add("sbatch", "cat \"$2\" >> \"${0%/*}/submitted\"; echo 17");
  }
  FakeCommand& commands() { return commands_; }
  std::string submitted() const { return RunProcess({"cat", commands_ / "submitted"}).out; }

 private:
  FakeCommand commands_;
};

}  // namespace dse
