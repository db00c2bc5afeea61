#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace dse {

// Waits until the condition holds. False after ten minutes, which only end a wait for what never
// comes.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace dse
