#pragma once

#include <cstdint>

namespace dse {

// While it lives, this process writes files by calls that fail where a test wants it
// (core/disk_calls.h).
class FailingCalls {
 public:
  enum class Call { kOpen, kWrite, kSync, kRename };
  FailingCalls();
  ~FailingCalls();
  FailingCalls(const FailingCalls&) = delete;
  FailingCalls& operator=(const FailingCalls&) = delete;

  // Lets the nth such call from now on, from 1, fail with this errno; with `from_then_on` every
  // later call of any kind too, as if the machine lost its power, a write having come half-way.
  void FailAt(Call call, int64_t nth, int reason, bool from_then_on);
  // No call fails any more. Whether one did.
  bool Stop();
};

}  // namespace dse
