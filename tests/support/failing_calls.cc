#include "tests/support/failing_calls.h"

#include <cerrno>

#include "core/disk_calls.h"

namespace dse {
namespace {

using Call = FailingCalls::Call;

struct Plan {
  bool armed = false;
  Call call = Call::kWrite;
  int64_t left = 0;
  int reason = 0;
  bool from_then_on = false;
  bool failed = false;
};
Plan plan;
DiskCalls real;

bool Fails(Call call) {
  if (!plan.armed) return false;
  if (plan.failed) return plan.from_then_on;
  if (call != plan.call || --plan.left > 0) return false;
  plan.failed = true;
  return true;
}

int Refuse() {
  errno = plan.reason;
  return -1;
}

int Open(const char* path, int flags, mode_t mode) {
  return Fails(Call::kOpen) ? Refuse() : real.open(path, flags, mode);
}

ssize_t Write(int file, const void* bytes, size_t size) {
  const bool before = plan.failed;
  if (!Fails(Call::kWrite)) return real.write(file, bytes, size);
  // What fits is written; the next write, of the rest, is refused.
  if (!before && size > 1 && plan.from_then_on) return real.write(file, bytes, size / 2);
  return Refuse();
}

int Sync(int file) { return Fails(Call::kSync) ? Refuse() : real.sync(file); }

int Rename(const char* from, const char* to) {
  return Fails(Call::kRename) ? Refuse() : real.rename(from, to);
}

}  // namespace

FailingCalls::FailingCalls() {
  real = CurrentDiskCalls();
  CurrentDiskCalls() = {Open, Write, Sync, Rename};
}

FailingCalls::~FailingCalls() {
  plan = {};
  CurrentDiskCalls() = real;
}

void FailingCalls::FailAt(Call call, int64_t nth, int reason, bool from_then_on) {
  plan = {true, call, nth, reason, from_then_on, false};
}

bool FailingCalls::Stop() {
  const bool failed = plan.failed;
  plan = {};
  return failed;
}

}  // namespace dse
