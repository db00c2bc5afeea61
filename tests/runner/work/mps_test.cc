#include "runner/work/mps.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"

namespace dse::mps_test {

TEST_CASE("MPS runs where its control pipe and a process of it are") {
  const TempFolder pipes, processes;
  processes.Write("1/comm", "systemd\n");
  CHECK(FindMps(pipes.path(), processes.path()).state == MpsState::kAbsent);
  CHECK_THAT(FindMps(pipes.path(), processes.path()).Text(),
             Catch::Contains("does not run") && Catch::Contains(pipes.path()));
  processes.Write("77/comm", "nvidia-cuda-mps\n");
  CHECK(FindMps(pipes.path(), processes.path()).state == MpsState::kAbsent);
  REQUIRE(mkfifo((pipes / "control").c_str(), 0600) == 0);
  CHECK(FindMps(pipes.path(), processes.path()).state == MpsState::kRuns);
  CHECK(FindMps(pipes.path(), processes.path()).Text() == "NVIDIA MPS runs (" + pipes.path() + ")");
}

TEST_CASE("a pipe of MPS without a process is no proof, and a plain file is no pipe") {
  const TempFolder pipes, processes, files;
  processes.Write("12/comm", "nvidia-smi\n");
  processes.Write("self/comm", "nvidia-cuda-mps\n");  // not a process's number
  REQUIRE(mkfifo((pipes / "control").c_str(), 0600) == 0);
  CHECK(FindMps(pipes.path(), processes.path()).state == MpsState::kPipeOnly);
  files.Write("control", "");
  CHECK(FindMps(files.path(), processes.path()).state == MpsState::kAbsent);
}

TEST_CASE("MPS is looked for in its usual folder unless the environment names another") {
  CHECK(FindMps("").pipe_folder == "/tmp/nvidia-mps");
}

}  // namespace dse::mps_test
