#include "runner/torch/library_failure.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "core/error.h"

namespace dse {
namespace {

// cudaError_t: cudaErrorMemoryAllocation.
constexpr int kCudaMemory = 2;
// cudaErrorInvalidValue, InvalidConfiguration, InvalidPitchValue, InvalidDeviceFunction,
// LaunchOutOfResources, NotSupported: a call's own arguments, after which others work.
constexpr std::array kOfOneCall{1, 9, 12, 98, 701, 801};

constexpr const char* kCpuAllocator = "can't allocate memory";

// cuDNN and cuBLAS ask for workspaces themselves and give up in these words.
constexpr std::array<std::string_view, 6> kPerhapsMemory{
    "CUDNN_STATUS_ALLOC_FAILED",  "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED",
    "nable to find an engine",    "nable to find a valid cuDNN algorithm"};

bool Mentions(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

std::string Gibibytes(int64_t bytes, bool unit = true) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%s", static_cast<double>(bytes) / (1 << 30),
                unit ? " GiB" : "");
  return text;
}

}  // namespace

FailureKind Classify(const LibraryFailure& failure) {
  if (!failure.device_answers) return FailureKind::kWorker;
  if (Mentions(failure.text, kCpuAllocator)) {
    return failure.on_gpu ? FailureKind::kHostMemory : FailureKind::kDeviceMemory;
  }
  if (failure.out_of_memory || failure.cuda_code == kCudaMemory) return FailureKind::kDeviceMemory;
  if (failure.cuda_code) {
    return std::ranges::find(kOfOneCall, *failure.cuda_code) == kOfOneCall.end()
               ? FailureKind::kWorker
               : FailureKind::kTask;
  }
  const bool perhaps = std::ranges::any_of(
      kPerhapsMemory, [&](std::string_view words) { return Mentions(failure.text, words); });
  return perhaps ? FailureKind::kPerhapsMemory : FailureKind::kTask;
}

std::string OutOfMemoryText(const std::string& device_name, const std::optional<MemoryUse>& use) {
  std::string text = "out of memory on " + device_name;
  if (!use) return text;
  const int64_t others = std::max<int64_t>(0, use->total - use->free - use->ours);
  return text + ": " + Gibibytes(use->free, /*unit=*/false) + " of " + Gibibytes(use->total) +
         " are free, this process holds " + Gibibytes(use->ours) +
         " and others (with the driver) " + Gibibytes(others);
}

void ThrowFailure(const LibraryFailure& failure, const std::string& device_name,
                  const std::optional<MemoryUse>& use) {
  switch (Classify(failure)) {
    case FailureKind::kDeviceMemory:
      throw OutOfMemory(OutOfMemoryText(device_name, use), /*certain=*/true);
    case FailureKind::kPerhapsMemory:
      throw OutOfMemory("LibTorch failed on " + device_name + ": " + failure.text,
                        /*certain=*/false);
    case FailureKind::kHostMemory:
      ThrowHostMemory(device_name, /*has_own_memory=*/true);
    case FailureKind::kWorker:
      throw Error(device_name + " is lost to this process: " + failure.text +
                      "; nvidia-smi and the kernel's log tell more",
                  Fault::kWorker);
    case FailureKind::kTask:
      break;
  }
  throw Error("LibTorch failed: " + failure.text);
}

}  // namespace dse
