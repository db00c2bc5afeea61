#include "runner/torch/library_failure.h"

#include <catch2/catch.hpp>

#include "core/error.h"

namespace dse::library_failure_test {
namespace {

using Catch::Contains;

LibraryFailure OnGpu(const std::string& text) {
  LibraryFailure failure;
  failure.text = text;
  failure.on_gpu = true;
  return failure;
}

LibraryFailure WithCode(int code) {
  LibraryFailure failure = OnGpu("CUDA error");
  failure.cuda_code = code;
  return failure;
}

FailureKind OnCpu(const std::string& text) {
  LibraryFailure failure;
  failure.text = text;
  return Classify(failure);
}

}  // namespace

// Numbers of cudaError_t, from driver_types.h of CUDA 13.
TEST_CASE("Codes of CUDA tell memory, a lost device and a bad call apart") {
  CHECK(Classify(WithCode(2)) == FailureKind::kDeviceMemory);
  // Devices unavailable, insufficient driver, no device, no kernel image, uncorrectable ECC,
  // illegal address, launch timeout, assert, launch failure, system not ready, MPS client
  // terminated.
  for (const int code : {46, 35, 100, 209, 214, 700, 702, 710, 719, 802, 809}) {
    CAPTURE(code);
    CHECK(Classify(WithCode(code)) == FailureKind::kWorker);
  }
  for (const int code : {1, 9, 701}) CHECK(Classify(WithCode(code)) == FailureKind::kTask);
}

TEST_CASE("Whatever a library says of a device that no longer answers, the device is lost") {
  for (LibraryFailure failure :
       {WithCode(1), WithCode(2), OnGpu("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED")}) {
    failure.device_answers = false;
    CHECK(Classify(failure) == FailureKind::kWorker);
  }
}

TEST_CASE("Libraries that get no memory are not believed before half a batch works") {
  for (const std::string text :
       {"cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "GET was unable to find an engine to execute this computation",
        "Unable to find a valid cuDNN algorithm to run convolution"}) {
    CAPTURE(text);
    CHECK(Classify(OnGpu(text)) == FailureKind::kPerhapsMemory);
    try {
      ThrowFailure(OnGpu(text), "cuda:0", {});
    } catch (const OutOfMemory& failure) {
      CHECK_FALSE(failure.certain());
      CHECK_THAT(failure.what(), Contains(text));
    }
  }
  CHECK(Classify(OnGpu("shape '[3]' is invalid for input of size 4")) == FailureKind::kTask);
}

TEST_CASE("The machine's memory beside a GPU is not the GPU's") {
  // As c10's allocator of the CPU says it.
  const std::string text =
      "DefaultCPUAllocator: can't allocate memory: you tried to allocate 2199023255552 bytes.";
  CHECK(OnCpu(text) == FailureKind::kDeviceMemory);
  CHECK(Classify(OnGpu(text)) == FailureKind::kHostMemory);
  CHECK_THROWS_WITH(ThrowFailure(OnGpu(text), "cuda:0, NVIDIA H200", {}),
                    Contains("this machine's memory, not that of cuda:0, NVIDIA H200"));
}

TEST_CASE("A lost device is the worker's fault and says which") {
  try {
    ThrowFailure(WithCode(700), "cuda:1, NVIDIA H200", {});
    FAIL("nothing was thrown");
  } catch (const Error& failure) {
    CHECK(failure.fault() == Fault::kWorker);
    CHECK_THAT(failure.what(), Contains("cuda:1, NVIDIA H200 is lost"));
  }
}

TEST_CASE("Running out of memory says who holds it") {
  constexpr int64_t kGib = int64_t{1} << 30;
  CHECK(OutOfMemoryText("cuda:0, NVIDIA H200", MemoryUse{kGib / 2, 140 * kGib, 20 * kGib}) ==
        "out of memory on cuda:0, NVIDIA H200: 0.5 of 140.0 GiB are free, this process holds 20.0 "
        "GiB and others (with the driver) 119.5 GiB");
  CHECK(OutOfMemoryText("cpu, 1 thread", {}) == "out of memory on cpu, 1 thread");
}

}  // namespace dse::library_failure_test
