// Fuzz target for the files of CIFAR-10: any bytes are either records or refused with an Error.

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "core/error.h"
#include "runner/data/cifar10.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    dse::MemoryImages images;
    dse::ParseCifarBatch(std::span(data, size), "input", images);
    const auto records = static_cast<size_t>(images.size());
    if (records * dse::kCifarRecordBytes != size) std::abort();
    for (int64_t i = 0; i < images.size(); ++i) {
      if (images.label(i) < 0 || images.label(i) >= dse::kCifarClasses) std::abort();
    }
  } catch (const dse::Error&) {
  }
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    if (dse::ParseCifarNames(text, "input").size() != dse::kCifarClasses) std::abort();
  } catch (const dse::Error&) {
  }
  return 0;
}
