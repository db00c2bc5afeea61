// Fuzz target for safetensors: any bytes are tensors of the sizes they claim, or are refused with
// an Error.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/error.h"
#include "runner/training/safetensors.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("input", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    std::abort();
  }
  try {
    const dse::TensorFile read = dse::ReadSafetensors(path, dse::Checksum::kWherePresent);
    for (const dse::TensorRecord& tensor : read.tensors) {
      int64_t bytes = dse::SizeOf(tensor.type);
      for (const int64_t side : tensor.shape) bytes *= side;
      if (static_cast<size_t>(bytes) != tensor.data.size()) std::abort();
    }
  } catch (const dse::Error&) {
  }
  return 0;
}
