#pragma once

#include <cstdint>

namespace dse {

// How often the program has called operator new, which is replaced where this file is linked.
int64_t CountAllocations();

}  // namespace dse
