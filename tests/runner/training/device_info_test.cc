#include "runner/training/device_info.h"

#include <catch2/catch.hpp>
#include <string>

namespace dse::device_info_test {
namespace {

const std::string kUuid = "GPU-3f1b0c52-8d0e-4a11-9c3e-0123456789ab";

}  // namespace

TEST_CASE("A GPU is named with its place, its kind and the card") {
  const DeviceInfo one{{{3, "NVIDIA H200", kUuid}}};
  CHECK(one.Name() == "cuda:3, NVIDIA H200, " + kUuid);
  CHECK(one.Kind() == "NVIDIA H200");
  CHECK(one.on_gpu());
}

TEST_CASE("Several GPUs are named together, by kind, with the beginning of each card's number") {
  const DeviceInfo alike{
      {{0, "NVIDIA A100", "GPU-3f1b0c52-8d0e"}, {1, "NVIDIA A100", "GPU-9a77e410-0000"}}};
  CHECK(alike.Name() == "cuda:0-1, 2 x NVIDIA A100, GPU-3f1b0c52 GPU-9a77e410");
  CHECK(alike.Kind() == "2 x NVIDIA A100");
  DeviceInfo mixed = alike;
  mixed.gpus.push_back({2, "NVIDIA H100", "GPU-00000001-0000"});
  CHECK(mixed.Kind() == "2 x NVIDIA A100 + 1 x NVIDIA H100");
}

TEST_CASE("The CPU is named with its threads, and its kind is the same for any number") {
  const DeviceInfo one, two{{}, 2};
  CHECK(one.Name() == "cpu, 1 thread");
  CHECK(two.Name() == "cpu, 2 threads");
  CHECK(one.Kind() == "cpu");
  CHECK(two.Kind() == "cpu");
  CHECK_FALSE(two.on_gpu());
}

TEST_CASE("A card's number is written as nvidia-smi writes it") {
  const char bytes[16] = {0x3f,   0x1b, 0x0c, 0x52, '\x8d', 0x0e, 0x4a,   0x11,
                          '\x9c', 0x3e, 0x01, 0x23, 0x45,   0x67, '\x89', '\xab'};
  CHECK(UuidText(bytes, "NVIDIA H200") == kUuid);
  CHECK(UuidText(bytes, "NVIDIA A100-SXM4-40GB MIG 1g.5gb") ==
        "MIG-3f1b0c52-8d0e-4a11-9c3e-0123456789ab");
}

}  // namespace dse::device_info_test
