// Fuzz target for sweep.json of pycls: any bytes are a sweep, or are refused with an Error.

#include <cstdint>
#include <string>

#include "core/error.h"
#include "db/exchange/sweep_import.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  try {
    (void)dse::ParseSweepImport(text, "sweep.json", "s");
  } catch (const dse::Error&) {
  }
  return 0;
}
