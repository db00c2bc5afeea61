#pragma once

#include <string>

namespace dse {

// Whether NVIDIA's Multi-Process Service serves this machine: with it the kernels of several
// processes run on a GPU side by side, without it they take turns.
enum class MpsState {
  kAbsent,
  kPipeOnly,  // its control pipe is there, but no process of it is seen: of another container, or
              // left behind
  kRuns
};

struct Mps {
  MpsState state = MpsState::kAbsent;
  std::string pipe_folder;  // where it was looked for

  // "NVIDIA MPS runs (/tmp/nvidia-mps)"
  std::string Text() const;
};

// `pipe_folder` is the value of CUDA_MPS_PIPE_DIRECTORY, "" = not set, then /tmp/nvidia-mps;
// `processes` is /proc.
Mps FindMps(const std::string& pipe_folder, const std::string& processes = "/proc");
// By this process's environment.
Mps FindMps();

}  // namespace dse
