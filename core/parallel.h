#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/machine.h"

namespace dse {

// Calls work(i) for 0 <= i < count on `threads` threads, this one included; all are joined on
// return. A thread takes `chunk` of them at a time; which thread takes which is not fixed. The
// first exception stops the rest and is thrown here.
template <typename Work>
void ParallelFor(int64_t count, int threads, const Work& work, int64_t chunk = 16) {
  std::atomic<int64_t> next{0};
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto loop = [&] {
    try {
      for (int64_t begin; (begin = next.fetch_add(chunk)) < count;) {
        for (int64_t i = begin; i < std::min(begin + chunk, count); ++i) work(i);
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(failure_mutex);
      if (!failure) failure = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; ++i) others.emplace_back(loop);
  loop();
  others.clear();
  if (failure) std::rethrow_exception(failure);
}

// As many threads as may run at once here: see UsableCores.
inline int AllThreads() { return UsableCores(); }

}  // namespace dse
