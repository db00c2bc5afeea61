#include "core/machine.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/parallel.h"
#include "tests/support/temp_folder.h"

namespace dse::machine_test {
namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

// A machine of files.
struct FakeMachine {
  explicit FakeMachine(const std::string& groups) { Write("proc/self/cgroup", groups); }
  void Write(const std::string& file, const std::string& text) const { folder.Write(file, text); }
  TempFolder folder;
  std::string root() const { return folder.path(); }
};

// What `question` answers in a process bound to the first processor it may run on.
template <typename Question>
int OnOneProcessor(const Question& question) {
  const pid_t child = fork();
  if (child == 0) {
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) != 0) _exit(100);
    int first = 0;
    while (!CPU_ISSET(first, &all)) ++first;
    CPU_SET(first, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0) _exit(101);
    _exit(question());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a process bound to one processor has one core and one thread") {
  CHECK(OnOneProcessor([] { return UsableCores(); }) == 1);
  CHECK(OnOneProcessor([] { return AllThreads(); }) == 1);
}

TEST_CASE("a quota of a control group, or of one above, takes cores away and adds none") {
  const FakeMachine machine("0::/slurm/job_7/step_0\n");
  const int all = UsableCores(machine.root());
  machine.Write("sys/fs/cgroup/slurm/job_7/cpu.max", "6400000 100000\n");
  CHECK(UsableCores(machine.root()) == std::min(all, 64));
  machine.Write("sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000\n");
  CHECK(UsableCores(machine.root()) == std::min(all, 64));
  machine.Write("sys/fs/cgroup/slurm/cpu.max", "50000 100000\n");
  CHECK(UsableCores(machine.root()) == 1);
  machine.Write("sys/fs/cgroup/slurm/cpu.max", "150000 100000\n");
  CHECK(UsableCores(machine.root()) == std::min(all, 2));
}

TEST_CASE("a quota of the first version of control groups counts too") {
  const FakeMachine machine("5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n");
  // As in a container, which sees its own group as the root.
  machine.Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
  machine.Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  CHECK(UsableCores(machine.root()) == 1);
  machine.Write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  CHECK(UsableCores(machine.root()) == UsableCores(FakeMachine("").root()));
}

TEST_CASE("the memory that may still be taken is the least of what the machine and limits leave") {
  const FakeMachine machine("0::/job\n");
  CHECK_FALSE(UsableMemory(machine.root()));
  machine.Write("proc/meminfo", "MemTotal: 33554432 kB\nMemAvailable: 16777216 kB\n");
  CHECK(UsableMemory(machine.root()) == 16 * kGiB);
  machine.Write("sys/fs/cgroup/job/memory.max", "max\n");
  machine.Write("sys/fs/cgroup/job/memory.current", std::to_string(3 * kGiB) + "\n");
  CHECK(UsableMemory(machine.root()) == 16 * kGiB);
  machine.Write("sys/fs/cgroup/job/memory.max", std::to_string(8 * kGiB) + "\n");
  CHECK(UsableMemory(machine.root()) == 5 * kGiB);
  machine.Write("sys/fs/cgroup/job/memory.stat",
                "anon 5\ninactive_file " + std::to_string(kGiB) + "\n");
  CHECK(UsableMemory(machine.root()) == 6 * kGiB);
  machine.Write("sys/fs/cgroup/memory.max", std::to_string(kGiB) + "\n");
  machine.Write("sys/fs/cgroup/memory.current", std::to_string(2 * kGiB) + "\n");
  CHECK(UsableMemory(machine.root()) == 0);
}

TEST_CASE("what this machine itself tells makes sense") {
  CHECK(UsableCores() >= 1);
  CHECK(UsableMemory().value_or(1) > 0);
}

}  // namespace dse::machine_test
