#include "runner/work/device_assignment.h"

#include <algorithm>
#include <sstream>

namespace dse {
namespace {

constexpr const char* kSlice = "MIG-";

bool Spreads(const std::string& device) { return device == "auto" || device == "cuda"; }

int OnCpu(const AssignmentRequest& request, const MachineShare& machine) {
  const int each = std::max(request.threads > 0 ? request.threads : 1, request.replicas);
  int64_t workers = machine.cores / each;
  if (machine.memory_bytes) workers = std::min(workers, *machine.memory_bytes / kMemoryOfWorker);
  return static_cast<int>(workers);
}

// "GPU-a,GPU-b" of the group's GPUs.
std::string NamesOf(const std::vector<std::string>& gpus, int group, int replicas) {
  std::string names;
  for (int i = group * replicas; i < (group + 1) * replicas; ++i) {
    names += (names.empty() ? "" : ",") + gpus[static_cast<size_t>(i)];
  }
  return names;
}

}  // namespace

int DeviceAssignment::most_in_a_group() const {
  int most = 0;
  for (const WorkerPlace& place : places) {
    most = std::max(most,
                    static_cast<int>(std::ranges::count(places, place.group, &WorkerPlace::group)));
  }
  return most;
}

std::vector<std::string> NameGpus(const std::optional<std::string>& variable,
                                  const std::vector<GpuIdentity>& seen) {
  std::vector<std::string> names;
  if (seen.empty()) return names;
  // As CUDA reads it: up to the first entry that is none.
  std::istringstream entries(variable.value_or(""));
  for (std::string entry; std::getline(entries, entry, ',') && entry.starts_with(kSlice);) {
    if (std::ranges::find(names, entry) == names.end()) names.push_back(entry);
  }
  if (!names.empty()) return names;
  for (const GpuIdentity& gpu : seen) names.push_back(gpu.uuid);
  return names;
}

bool AsksForGpus(const AssignmentRequest& request) {
  return Spreads(request.device) && request.workers != 1;
}

DeviceAssignment AssignDevices(const AssignmentRequest& request, const MachineShare& machine) {
  DeviceAssignment assignment;
  const int replicas = std::max(1, request.replicas);
  const int whole = static_cast<int>(machine.gpus.size()) / replicas;
  assignment.on_gpus = Spreads(request.device) && whole > 0;
  const int groups = assignment.on_gpus ? whole : 1;
  int workers = request.workers;
  if (workers == kAutoWorkers) {
    // A number of one GPU is a GPU without having been looked for.
    const bool gpu = assignment.on_gpus || request.device.starts_with("cuda");
    workers = gpu ? groups * request.workers_per_gpu.value_or(1) : OnCpu(request, machine);
    workers = static_cast<int>(std::clamp<int64_t>(
        workers, 1, std::max<int64_t>(1, std::min<int64_t>(kMaxWorkers, request.open_runs))));
  }
  for (int i = 0; i < workers; ++i) {
    const int group = i % groups;
    assignment.places.push_back(
        {group, assignment.on_gpus ? NamesOf(machine.gpus, group, replicas) : ""});
  }
  assignment.groups = std::min(groups, workers);
  assignment.threads =
      request.threads > 0 ? request.threads : std::max(1, machine.cores / std::max(1, workers));
  return assignment;
}

}  // namespace dse
