#include "runner/work/mps.h"

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFolder = "/tmp/nvidia-mps";
constexpr const char* kControlPipe = "control";
// nvidia-cuda-mps-control and -server alike: the kernel keeps 15 bytes of a process's name.
constexpr const char* kProcess = "nvidia-cuda-mps";

bool IsProcess(const fs::path& folder) {
  const std::string name = folder.filename().string();
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) != 0;
}

bool AnyProcess(const std::string& processes) {
  std::error_code ignored;
  for (fs::directory_iterator it(processes, ignored), end; it != end; it.increment(ignored)) {
    if (!IsProcess(it->path())) continue;
    std::ifstream in(it->path() / "comm");
    std::string name;
    if (std::getline(in, name) && name == kProcess) return true;
  }
  return false;
}

}  // namespace

Mps FindMps(const std::string& pipe_folder, const std::string& processes) {
  Mps mps;
  mps.pipe_folder = pipe_folder.empty() ? kDefaultFolder : pipe_folder;
  std::error_code ignored;
  const fs::file_status pipe = fs::status(fs::path(mps.pipe_folder) / kControlPipe, ignored);
  if (!fs::is_fifo(pipe) && !fs::is_socket(pipe)) return mps;
  mps.state = AnyProcess(processes) ? MpsState::kRuns : MpsState::kPipeOnly;
  return mps;
}

Mps FindMps() {
  const char* folder = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
  return FindMps(folder == nullptr ? "" : folder);
}

std::string Mps::Text() const {
  switch (state) {
    case MpsState::kRuns:
      return "NVIDIA MPS runs (" + pipe_folder + ")";
    case MpsState::kPipeOnly:
      return "NVIDIA MPS has a control pipe in " + pipe_folder +
             ", but none of its processes is seen from here";
    case MpsState::kAbsent:
      break;
  }
  return "NVIDIA MPS does not run (no control pipe in " + pipe_folder +
         "), so workers of one GPU take turns on it";
}

}  // namespace dse
