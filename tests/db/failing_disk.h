#pragma once

#include <cstdint>
#include <string>

namespace dse {

// While it lives, every connection that this process opens asks it in place of the disk: it hands
// all calls on to SQLite's own file system (a VFS on top of another) but for those that shall fail.
// Made while no connection is open, one at a time.
class FailingDisk {
 public:
  enum class Call { kOpen, kWrite, kSync, kTruncate, kDelete };
  // What is done at the call that fails: it fails with nothing done, once, as when somebody frees
  // space right after; or it and all calls that change something fail from then on, a write having
  // come half-way, as if the machine lost its power.
  enum class Failure { kOnce, kFromThenOn };

  FailingDisk();
  ~FailingDisk();
  FailingDisk(const FailingDisk&) = delete;
  FailingDisk& operator=(const FailingDisk&) = delete;

  // Lets the nth such call from now on, from 1, fail with this code of SQLite.
  void FailAt(Call call, int64_t nth, int code, Failure failure);
  // No call fails any more. Whether one did.
  bool Stop();
};

}  // namespace dse
