#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runner/training/out_of_memory.h"

namespace dse {

// An exception of the library, as far as its kind depends on it.
struct LibraryFailure {
  std::string text;              // its first line
  bool out_of_memory = false;    // the library's own type for it
  std::optional<int> cuda_code;  // cudaError_t, where CUDA itself failed
  bool on_gpu = false;           // the trainer's device is one
  bool device_answers = true;    // the device could be waited for afterwards
};

enum class FailureKind {
  kDeviceMemory,   // the memory of the trainer's device (on the CPU: the machine's) is used up
  kPerhapsMemory,  // what libraries also say when they get no memory; half a batch will tell
  kHostMemory,     // the machine's memory is used up beside a GPU
  kWorker,         // the device, or this process's hold on it, is lost
  kTask,           // this network or request
};

// After a fault of a kernel or of the card every later call of the process fails, so only a few
// codes, of a call's own arguments, are the task's. Pure.
FailureKind Classify(const LibraryFailure& failure);

// Memory of a GPU in bytes, when it ran out.
struct MemoryUse {
  int64_t free = 0;
  int64_t total = 0;
  int64_t ours = 0;  // what this process's allocator holds
};
// "out of memory on cuda:0, NVIDIA H200: 0.2 of 139.8 GiB are free, this process holds 20.0 GiB and
// others (with the driver) 119.6 GiB"; without `use` only the first clause.
std::string OutOfMemoryText(const std::string& device_name, const std::optional<MemoryUse>& use);

// Throws what the failure is: OutOfMemory, or Error with its fault.
[[noreturn]] void ThrowFailure(const LibraryFailure& failure, const std::string& device_name,
                               const std::optional<MemoryUse>& use);

}  // namespace dse
