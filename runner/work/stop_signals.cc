#include "runner/work/stop_signals.h"

#include <atomic>

namespace dse {
namespace {

std::atomic<int> signals{0};
std::atomic<int> urgent_signals{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler writes it");

void CountSignal(int signal) {
  if (signal != SIGUSR1) urgent_signals.fetch_add(1);
  signals.fetch_add(1);
}

}  // namespace

StopSignals::StopSignals() {
  signals = 0;
  urgent_signals = 0;
  struct sigaction action {};
  action.sa_handler = CountSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &old_interrupt_);
  sigaction(SIGTERM, &action, &old_terminate_);
  sigaction(SIGUSR1, &action, &old_user_);
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &old_interrupt_, nullptr);
  sigaction(SIGTERM, &old_terminate_, nullptr);
  sigaction(SIGUSR1, &old_user_, nullptr);
}

int StopSignals::count() { return signals; }
int StopSignals::urgent() { return urgent_signals; }

}  // namespace dse
