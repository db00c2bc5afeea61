#include "cli/lock_waiting.h"

#include <cstdio>
#include <string>
#include <utility>

#include "core/printable.h"
#include "db/lock_wait.h"
#include "runner/work/stop_signals.h"

namespace dse {

void WaitForLocks(double seconds) {
  LockWait wait;
  wait.seconds = seconds;
  wait.notice = [](const std::string& text) {
    std::fprintf(stderr, "dse: %s\n", Printable(text).c_str());
  };
  wait.interrupted = [] { return StopSignals::count() > 0; };
  SetLockWait(std::move(wait));
}

}  // namespace dse
