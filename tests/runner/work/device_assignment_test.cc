#include "runner/work/device_assignment.h"

#include <catch2/catch.hpp>

#include "runner/work/placement.h"

namespace dse::device_assignment_test {
namespace {

using Names = std::vector<std::string>;

// So many GPUs as CUDA counts them.
std::vector<GpuIdentity> Seen(int count) {
  std::vector<GpuIdentity> gpus;
  for (int i = 0; i < count; ++i) gpus.push_back({i, "NVIDIA H200", "GPU-" + std::to_string(i)});
  return gpus;
}

MachineShare Machine(int cores, const Names& gpus = {}) { return {cores, {}, gpus}; }

AssignmentRequest Asked(int workers, const std::string& device = "auto") {
  AssignmentRequest request;
  request.device = device;
  request.workers = workers;
  return request;
}

// What each worker's CUDA_VISIBLE_DEVICES is set to.
Names Visible(const DeviceAssignment& assignment) {
  Names names;
  for (const WorkerPlace& place : assignment.places) names.push_back(place.visible);
  return names;
}

}  // namespace

TEST_CASE("GPUs are named by their UUIDs, whatever numbers the variable gives them") {
  CHECK(NameGpus({}, Seen(2)) == Names{"GPU-0", "GPU-1"});
  CHECK(NameGpus("2,3", Seen(2)) == Names{"GPU-0", "GPU-1"});  // CUDA counted those two alone
  CHECK(NameGpus("GPU-1", {{0, "NVIDIA H200", "GPU-1"}}) == Names{"GPU-1"});
}

TEST_CASE("without a usable GPU there are no names, whatever the variable says") {
  CHECK(NameGpus("", {}).empty());
  CHECK(NameGpus("-1", {}).empty());
  CHECK(NameGpus("0,1", {}).empty());
  CHECK(NameGpus("MIG-a,MIG-b", {}).empty());
}

TEST_CASE("slices of GPUs are taken from the variable, as a process sees one of them at most") {
  const std::vector<GpuIdentity> first{{0, "NVIDIA A100 MIG 1g.10gb", "MIG-a"}};
  CHECK(NameGpus("MIG-a,MIG-b,MIG-c", first) == Names{"MIG-a", "MIG-b", "MIG-c"});
  CHECK(NameGpus("MIG-a,MIG-a", first) == Names{"MIG-a"});
  CHECK(NameGpus("MIG-GPU-7/1/0,MIG-GPU-7/2/0", first) == Names{"MIG-GPU-7/1/0", "MIG-GPU-7/2/0"});
  CHECK(NameGpus("MIG-a,nothing,MIG-b", first) == Names{"MIG-a"});
  CHECK(NameGpus({}, first) == Names{"MIG-a"});
}

TEST_CASE("auto is one worker a GPU, each with a GPU of its own") {
  const DeviceAssignment all =
      AssignDevices(Asked(kAutoWorkers), Machine(16, {"GPU-a", "GPU-b", "GPU-c"}));
  CHECK(Visible(all) == Names{"GPU-a", "GPU-b", "GPU-c"});
  CHECK(all.on_gpus);
  CHECK(all.groups == 3);
  CHECK(all.most_in_a_group() == 1);
  CHECK(all.threads == 5);
}

TEST_CASE("worker i has device i mod n") {
  const DeviceAssignment more = AssignDevices(Asked(5), Machine(16, {"GPU-a", "GPU-b"}));
  CHECK(Visible(more) == Names{"GPU-a", "GPU-b", "GPU-a", "GPU-b", "GPU-a"});
  CHECK(more.groups == 2);
  CHECK(more.most_in_a_group() == 3);
  const DeviceAssignment fewer = AssignDevices(Asked(2), Machine(16, {"GPU-a", "GPU-b", "GPU-c"}));
  CHECK(Visible(fewer) == Names{"GPU-a", "GPU-b"});
  CHECK(fewer.groups == 2);
}

TEST_CASE("several workers on each GPU are that many times the GPUs") {
  AssignmentRequest request = Asked(kAutoWorkers);
  request.workers_per_gpu = 3;
  const DeviceAssignment packed = AssignDevices(request, Machine(12, {"GPU-a", "GPU-b"}));
  CHECK(packed.workers() == 6);
  CHECK(packed.most_in_a_group() == 3);
  CHECK(packed.threads == 2);
  request.device = "cuda:1";  // one GPU, by its number, without asking for the others
  const DeviceAssignment one = AssignDevices(request, Machine(12));
  CHECK(Visible(one) == Names{"", "", ""});
  CHECK(one.most_in_a_group() == 3);
}

TEST_CASE("no more workers are chosen than there are runs left") {
  AssignmentRequest request = Asked(kAutoWorkers);
  request.open_runs = 2;
  const DeviceAssignment few = AssignDevices(request, Machine(16, {"a", "b", "c", "d"}));
  CHECK(Visible(few) == Names{"a", "b"});
  request.open_runs = 0;
  CHECK(AssignDevices(request, Machine(16)).workers() == 1);
}

TEST_CASE("a GPU asked for by its number is every worker's, and the environment stays") {
  const DeviceAssignment all = AssignDevices(Asked(2, "cuda:1"), Machine(8, {"GPU-a", "GPU-b"}));
  CHECK(Visible(all) == Names{"", ""});
  CHECK(all.most_in_a_group() == 2);
  CHECK_FALSE(all.on_gpus);
}

TEST_CASE("replicas take GPUs of their own for every worker") {
  AssignmentRequest request = Asked(kAutoWorkers);
  request.replicas = 2;
  const DeviceAssignment pairs =
      AssignDevices(request, Machine(16, {"GPU-a", "GPU-b", "GPU-c", "GPU-d", "GPU-e"}));
  CHECK(Visible(pairs) == Names{"GPU-a,GPU-b", "GPU-c,GPU-d"});
  request.workers = 3;
  CHECK(Visible(AssignDevices(request, Machine(16, {"GPU-a", "GPU-b", "GPU-c", "GPU-d"}))) ==
        Names{"GPU-a,GPU-b", "GPU-c,GPU-d", "GPU-a,GPU-b"});
  // Too few for one: the trainer says so, of all GPUs there are.
  request.replicas = 4;
  CHECK(Visible(AssignDevices(request, Machine(16, {"GPU-a", "GPU-b"}))) == Names{"", "", ""});
}

TEST_CASE("on the CPU auto is a worker a core, fewer with more threads or little memory") {
  const auto workers = [](const AssignmentRequest& request, const MachineShare& machine) {
    return AssignDevices(request, machine).workers();
  };
  AssignmentRequest request = Asked(kAutoWorkers);
  CHECK(workers(request, Machine(8)) == 8);
  CHECK(AssignDevices(request, Machine(8)).threads == 1);
  CHECK(AssignDevices(request, Machine(8)).most_in_a_group() == 8);
  request.threads = 3;
  CHECK(workers(request, Machine(8)) == 2);
  CHECK(AssignDevices(request, Machine(8)).threads == 3);
  request.threads = 16;
  CHECK(workers(request, Machine(8)) == 1);
  request.threads = 0;
  request.replicas = 4;
  CHECK(workers(request, Machine(8)) == 2);
  request.replicas = 1;
  CHECK(workers(request, {8, 3 * kMemoryOfWorker, {}}) == 3);
  CHECK(workers(request, {8, 0, {}}) == 1);
  request.device = "cpu";
  CHECK(workers(request, Machine(8, {"GPU-a"})) == 8);
  CHECK_FALSE(AssignDevices(request, Machine(8, {"GPU-a"})).on_gpus);
  request.workers_per_gpu = 4;  // no GPU to put them on
  CHECK(workers(request, Machine(8)) == 8);
}

TEST_CASE("the GPUs are asked for where workers are spread over them, and only there") {
  CHECK_FALSE(AsksForGpus(Asked(1)));
  CHECK(AsksForGpus(Asked(2)));
  CHECK(AsksForGpus(Asked(kAutoWorkers, "cuda")));
  CHECK_FALSE(AsksForGpus(Asked(kAutoWorkers, "cuda:0")));
  CHECK_FALSE(AsksForGpus(Asked(8, "cpu")));
}

TEST_CASE("what is chosen is said") {
  TrainRequest request;
  request.trainer.threads = 1;
  CHECK(PlaceWorkers(request, {}, 100).text.empty());
  request.workers = 2;
  CHECK(PlaceWorkers(request, {}, 100).text.empty());
  CHECK(PlaceWorkers(request, Seen(2), 100).text.empty());
  CHECK_THAT(PlaceWorkers(request, Seen(1), 100).text,
             Catch::StartsWith("2 workers on 1 GPU, 2 on each; NVIDIA MPS "));
  request.workers = kAutoWorkers;
  CHECK(PlaceWorkers(request, Seen(2), 100).text == "2 workers on 2 GPUs");
  CHECK(PlaceWorkers(request, {}, 1).text == "1 worker of 1 thread");
  request.workers_per_gpu = 4;
  CHECK_THAT(PlaceWorkers(request, Seen(2), 100).text,
             Catch::StartsWith("8 workers on 2 GPUs, 4 on each; NVIDIA MPS "));
  CHECK_THAT(PlaceWorkers(request, {}, 1).text,
             Catch::EndsWith("there is no GPU to put several on"));
}

}  // namespace dse::device_assignment_test
