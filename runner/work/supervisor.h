#pragma once

#include <sys/types.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "db/plan.h"
#include "runner/work/shared_counts.h"
#include "runner/work/worker.h"

namespace dse {

// Starts the workers of one call of Train, watches them and replaces those that die, or that gave
// up where another process may get on. Whatever goes wrong here, workers that train are left to
// finish; it is told afterwards. It keeps no database connection open while it forks, and no
// thread.
class Supervisor {
 public:
  Supervisor(const WorkerJob& job, std::function<void(const TrainProgress&)> progress);
  // Kills and reaps what still runs; nothing does unless memory ended.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  TrainSummary Run();

 private:
  struct Child {
    pid_t pid = 0;  // 0 = none
    int slot = 0;
    int failures = 0;      // in a row, without progress in between
    int64_t progress = 0;  // at the last of them
  };

  void Start(Child& child);
  void Watch();
  void Reap(Child& child, int status);
  void HandleGivingUp(Child& child);
  void HandleDeath(Child& child, int status);
  void Replace(Child& child, const std::string& reason);
  void Reclaim(const LockWait& wait);
  void ForwardSignals();
  void SignalChildren(int signal);
  bool AnyChild() const;
  void ReportProgress(bool now);
  PlanSummary Count(const LockWait& wait) const;
  std::string Devices();
  TrainSummary Summarise();
  bool LeftUndone(const PlanSummary& plan);

  const WorkerJob& job_;
  const std::function<void(const TrainProgress&)> progress_;
  SharedCounts counts_;
  std::vector<Child> children_;
  WorkerReport workers_;
  bool reclaim_due_ = false;             // a worker ended with a run in its hands
  std::exception_ptr progress_failure_;  // out of `progress_`
  int deaths_in_a_row_ = 0;
  int64_t finished_at_death_ = 0;
  bool stop_asked_ = false;  // of the workers
  int urgent_seen_ = 0;      // StopSignals
  Clock::time_point next_progress_;
};

}  // namespace dse
