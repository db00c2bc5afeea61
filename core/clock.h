#pragma once

#include <chrono>

namespace dse {

// Time that only goes on, for measuring how long something took.
using Clock = std::chrono::steady_clock;

inline double SecondsBetween(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double>(end - start).count();
}

inline double SecondsSince(Clock::time_point start) { return SecondsBetween(start, Clock::now()); }

// By the system's clock, which may be set at any moment.
inline double SecondsSince1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace dse
