#pragma once

#include <csignal>

namespace dse {

// While it lives, SIGINT and SIGTERM are counted instead of ending the process; processes forked
// meanwhile count their own. One at a time in a process.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // How many came so far. Any thread.
  static int count();

 private:
  struct sigaction old_interrupt_ {};
  struct sigaction old_terminate_ {};
};

}  // namespace dse
