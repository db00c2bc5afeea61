#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runner/training/device_info.h"

namespace dse {

// How many workers train, and each one's device. Pure: what is seen of the machine comes in.

inline constexpr int kAutoWorkers = 0;  // in place of a number

// What was asked for.
struct AssignmentRequest {
  std::string device = "auto";         // auto, cpu, cuda, cuda:N
  int workers = 1;                     // or kAutoWorkers
  std::optional<int> workers_per_gpu;  // of kAutoWorkers only; default 1
  int replicas = 1;                    // of each worker's networks, a GPU each
  int threads = 0;                     // of each worker; 0 = as the cores allow
  int64_t open_runs = INT64_MAX;       // more workers than these are of no use
};

// What this process may use of the machine.
struct MachineShare {
  int cores = 1;
  std::optional<int64_t> memory_bytes;  // that may still be taken
  std::vector<std::string> gpus;        // see NameGpus
};

// Where a worker trains.
struct WorkerPlace {
  // Workers of one group share a device: one GPU, the GPUs of their replicas, or the CPU.
  int group = 0;
  // CUDA_VISIBLE_DEVICES of its process, so that its first GPU is its own; "" = as it is.
  std::string visible;

  friend bool operator==(const WorkerPlace&, const WorkerPlace&) = default;
};

struct DeviceAssignment {
  std::vector<WorkerPlace> places;  // by worker
  int groups = 1;                   // that have a worker
  bool on_gpus = false;             // spread over the machine's GPUs
  int threads = 1;                  // of each worker

  int workers() const { return static_cast<int>(places.size()); }
  int most_in_a_group() const;
};

// The GPUs as CUDA_VISIBLE_DEVICES names them, by their UUIDs: those that CUDA counted (`seen`),
// which are few where the variable or a scheduler's control group hides others. A process sees one
// slice of a GPU (MIG) at most, so where `variable` (of this process; empty: not set) lists slices
// they are taken from there, if CUDA counted any.
std::vector<std::string> NameGpus(const std::optional<std::string>& variable,
                                  const std::vector<GpuIdentity>& seen);

// Whether AssignDevices asks for the machine's GPUs: one worker on "auto" or "cuda" takes the first
// without.
bool AsksForGpus(const AssignmentRequest& request);

// With "auto" and "cuda" the GPUs form groups of `replicas`, the last of them left out where they
// do not fill one, and worker i has group i mod the number of groups. "cuda:N" is that GPU (with
// those behind it) for every worker. Where there are no GPUs, or too few for the replicas, all
// share what the word alone means.
// kAutoWorkers is `workers_per_gpu` on each group; on the CPU so many as have `threads` (or one, or
// one a replica) of the cores each and kMemoryOfWorker of the memory. At least 1, at most
// kMaxWorkers and `open_runs`.
DeviceAssignment AssignDevices(const AssignmentRequest& request, const MachineShare& machine);

inline constexpr int kMaxWorkers = 1024;
// A small network and its batches take less, on either engine; how large the networks are is not
// asked.
inline constexpr int64_t kMemoryOfWorker = int64_t{2} << 30;

}  // namespace dse
