#pragma once

#include <csignal>

namespace dse {

// While it lives, SIGINT, SIGTERM and SIGUSR1 (a batch system's word that the time is nearly up)
// are counted instead of ending the process; processes forked meanwhile count their own. One at a
// time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // How many came so far. Any thread.
  static int count();
  // How many of them were SIGINT or SIGTERM, which a second time say: at once. Any thread.
  static int urgent();

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
  struct sigaction old_user_ {};
};

}  // namespace dse
