#pragma once

#include <cstddef>
#include <cstdint>

// What libFuzzer calls; a binary holds one. Returns 0, and aborts where the input breaks a promise.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
