#pragma once

#include <cstdint>

namespace dse {

// How often the program has called operator new, which is replaced where this file is linked.
int64_t CountAllocations();
// Bytes that it has now of what it got there.
int64_t AllocatedBytes();

}  // namespace dse
