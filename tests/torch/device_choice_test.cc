#include "runner/torch/device_choice.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/error.h"
#include "runner/torch/cuda/normalize_thread.h"

namespace dse::device_choice_test {
namespace {

using Catch::Contains;

GpuSurvey WithGpus(int count) { return {true, true, false, count, ""}; }

// What CUDA says where the driver is older than the runtime (cudaErrorInsufficientDriver).
const std::string kTooOld = "CUDA driver version is insufficient for CUDA runtime version";

}  // namespace

TEST_CASE("auto is the first GPU, and the CPU on a machine without one") {
  CHECK(ChooseDevice("auto", WithGpus(2)) == 0);
  CHECK(ChooseDevice("auto", {.built_for_gpus = true, .driver = false, .failure = kTooOld}) == -1);
  CHECK(ChooseDevice("auto", {}) == -1);
  CHECK(ChooseDevice("cuda", WithGpus(2)) == 0);
  CHECK(ChooseDevice("cuda:1", WithGpus(2)) == 1);
  CHECK(ChooseDevice("cpu", WithGpus(2)) == -1);
}

TEST_CASE("auto on a machine with GPUs of which none can be used is an error with CUDA's words") {
  const GpuSurvey old{true, true, false, 0, kTooOld};
  CHECK_THROWS_WITH(ChooseDevice("auto", old), Contains(kTooOld) && Contains("--device cpu"));
  CHECK_THROWS_WITH(ChooseDevice("cuda:1", old), Contains(kTooOld));
  try {
    ChooseDevice("auto", old);
  } catch (const Error& failure) {
    CHECK(failure.fault() == Fault::kMachine);
  }
  // Who hides them wants the CPU.
  CHECK(ChooseDevice("auto", {true, true, true, 0, "no CUDA-capable device is detected"}) == -1);
}

TEST_CASE("Words that name no device and GPUs that are not there are refused") {
  for (const std::string name : {"gpu", "cuda:", "cuda:x", "cuda:1000", "cuda:-1"}) {
    CHECK_THROWS_WITH(ChooseDevice(name, WithGpus(1)), Contains("unknown device '" + name + "'"));
  }
  CHECK_THROWS_WITH(ChooseDevice("cuda:2", WithGpus(2)), Contains("has 2 GPUs"));
  CHECK_THROWS_WITH(ChooseDevice("cuda", {}), Contains("this build has no GPU code"));
}

TEST_CASE("A build runs on the GPUs it has code for and on later ones with virtual code") {
  const std::string ours = "75-real,80-real,86-real,90-real,100-real,120-real,120-virtual";
  // T4, A100, RTX 3090, L4, H200, B200, B300, RTX 5090; 13.0 is to come.
  for (const auto& [major, minor] : std::vector<std::pair<int, int>>{
           {7, 5}, {8, 0}, {8, 6}, {8, 9}, {9, 0}, {10, 0}, {10, 3}, {12, 0}, {13, 0}}) {
    CAPTURE(major, minor);
    CHECK(HasCodeFor(ours, {true, major, minor}));
  }
  CHECK_FALSE(HasCodeFor(ours, {true, 7, 0}));
  CHECK_FALSE(HasCodeFor(ours, {true, 11, 0}));  // Jetson Thor
  CHECK_FALSE(HasCodeFor("90-real", {true, 8, 0}));
  CHECK_FALSE(HasCodeFor("90-real", {true, 10, 0}));
  CHECK(HasCodeFor("90", {true, 10, 0}));
  CHECK_FALSE(HasCodeFor("90a-real", {true, 9, 1}));
  CHECK(HasCodeFor("native", {true, 7, 0}));
}

TEST_CASE("A GPU without code is one sentence with the cure") {
  CHECK_THROWS_WITH(CheckHasCode("90-real", {true, 8, 0}, "cuda:0, NVIDIA A100"),
                    Contains("cuda:0, NVIDIA A100: has compute capability 8.0") &&
                        Contains("-DCMAKE_CUDA_ARCHITECTURES=80"));
  CHECK_THROWS_WITH(CheckHasCode("75-real", {true, 7, 0}, "cuda:0, Tesla V100"),
                    Contains("LibTorch for CUDA 12"));
  CHECK_NOTHROW(CheckHasCode("75-real", {true, 7, 5}, "cuda:0, Tesla T4"));
}

TEST_CASE("A precision means what the device can do, and bf16 is refused where it cannot") {
  const DeviceAbility cpu, t4{true, 7, 5}, a100{true, 8, 0};
  CHECK(MeaningOf(Precision::kAuto, cpu) == Precision::kFp32);
  CHECK(MeaningOf(Precision::kAuto, t4) == Precision::kFp32);
  CHECK(MeaningOf(Precision::kAuto, a100) == Precision::kBf16);
  CHECK(MeaningOf(Precision::kTf32, t4) == Precision::kFp32);
  CHECK(MeaningOf(Precision::kTf32, a100) == Precision::kTf32);
  CHECK(MeaningOf(Precision::kFp16, t4) == Precision::kFp16);
  CHECK(MeaningOf(Precision::kBf16, cpu) == Precision::kBf16);
  CHECK(MeaningOf(Precision::kBf16, a100) == Precision::kBf16);
  CHECK_THROWS_WITH(MeaningOf(Precision::kBf16, t4),
                    Contains("compute capability 8.0") && Contains("this one has 7.5"));
  CHECK_THROWS_WITH(MeaningOf(Precision::kFp16, cpu), Contains("fp16 needs a GPU"));
}

// CUDA's limits: 2^31 - 1 blocks in x and 65,535 in y.
TEST_CASE("The grid of the normalisation stays within CUDA's limits and reaches every value") {
  for (const int64_t images : {int64_t{0}, int64_t{1}, int64_t{65535}, int64_t{65536}}) {
    const cuda::NormalizeGrid grid = cuda::GridFor(images, 3 * 224 * 224);
    CHECK(grid.x >= 1);
    CHECK(grid.y >= 1);
    CHECK(grid.y <= 65535);
  }
  for (const int64_t images : {int64_t{2}, int64_t{65537}}) {
    const int64_t values =
        images == 2 ? 3 * 1024 * 100 : 3;  // more than a row of blocks, then of images
    std::vector<uint8_t> pixels(static_cast<size_t>(images * values));
    for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7 + i / 256);
    std::vector<float> offset(static_cast<size_t>(3 * images));
    for (size_t i = 0; i < offset.size(); ++i) offset[i] = static_cast<float>(i % 1000);
    std::vector<float> result(pixels.size(), -1);
    const cuda::NormalizeTask task{pixels.data(), images,        values,
                                   {2, 3, 4},     offset.data(), result.data()};
    const cuda::NormalizeGrid grid = cuda::GridFor(images, values);
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        for (unsigned thread = 0; thread < cuda::kNormalizeThreads; ++thread) {
          cuda::NormalizeThread(task, grid, {x, y}, thread);
        }
      }
    }
    int64_t wrong = 0;
    for (int64_t i = 0; i < images * values; ++i) {
      const auto channel = static_cast<size_t>(i % 3);
      const float expected =
          static_cast<float>(pixels[static_cast<size_t>(i)]) * static_cast<float>(channel + 2) +
          offset[static_cast<size_t>(i / values * 3) + channel];
      wrong += result[static_cast<size_t>(i)] != expected;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace dse::device_choice_test
