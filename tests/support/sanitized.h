#pragma once

#include <cstdint>

namespace dse {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Where a test goes through every place at which something can fail: the step from one to the next.
// A sanitizer sees in every third of them what it sees in all, at a tenth of the speed.
inline constexpr int64_t kEveryPlace = kSanitized ? 3 : 1;

}  // namespace dse
