#pragma once

#include <cstdint>

namespace dse {

// Where a test goes through every place at which something can fail: the step from one to the next.
// A sanitizer sees in every third of them what it sees in all, at a tenth of the speed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int64_t kEveryPlace = 3;
#else
inline constexpr int64_t kEveryPlace = 1;
#endif

}  // namespace dse
