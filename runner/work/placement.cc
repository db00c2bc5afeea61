#include "runner/work/placement.h"

#include <fmt/core.h>

#include <cstdlib>
#include <optional>

#include "core/machine.h"
#include "runner/work/mps.h"

namespace dse {
namespace {

constexpr const char* kVisible = "CUDA_VISIBLE_DEVICES";

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string Counted(int count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string Tell(const TrainRequest& request, const DeviceAssignment& devices) {
  const bool chosen = request.workers == kAutoWorkers;
  const int most = devices.most_in_a_group();
  const bool gpu = devices.on_gpus || request.trainer.device.starts_with("cuda");
  if (!gpu) {
    if (!chosen) return "";
    std::string text =
        Counted(devices.workers(), "worker") + " of " + Counted(devices.threads, "thread");
    if (request.workers_per_gpu) text += ", as there is no GPU to put several on";
    return text;
  }
  if (!chosen && most == 1) return "";
  const int gpus = devices.groups * request.trainer.replicas;
  std::string text = Counted(devices.workers(), "worker") + " on " + Counted(gpus, "GPU");
  if (most > 1) text += fmt::format(", {} on each; {}", most, FindMps().Text());
  return text;
}

}  // namespace

AssignmentRequest ToAssignment(const TrainRequest& request) {
  AssignmentRequest wanted;
  wanted.device = request.trainer.device;
  wanted.workers = request.workers;
  wanted.workers_per_gpu = request.workers_per_gpu;
  wanted.replicas = request.trainer.replicas;
  wanted.threads = request.trainer.threads;
  return wanted;
}

bool AsksForGpus(const TrainRequest& request) { return AsksForGpus(ToAssignment(request)); }

Placement PlaceWorkers(const TrainRequest& request, const std::vector<GpuIdentity>& gpus,
                       int64_t open_runs) {
  AssignmentRequest wanted = ToAssignment(request);
  wanted.open_runs = open_runs;
  const MachineShare machine{UsableCores(), UsableMemory(), NameGpus(Variable(kVisible), gpus)};
  Placement placement;
  placement.devices = AssignDevices(wanted, machine);
  placement.text = Tell(request, placement.devices);
  return placement;
}

void EnterPlace(const WorkerPlace& place) {
  if (!place.visible.empty()) setenv(kVisible, place.visible.c_str(), /*overwrite=*/1);
}

}  // namespace dse
