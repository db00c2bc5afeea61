#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "runner/shared_counts.h"
#include "runner/worker.h"

namespace dse {

// Starts the workers of one call of Train, watches them and replaces those that die. It keeps no
// database connection open while it forks, and no thread.
class Supervisor {
 public:
  Supervisor(const WorkerJob& job, std::function<void(const TrainProgress&)> progress);
  // Kills and reaps what still runs, where an exception ends Run early.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  TrainSummary Run();

 private:
  struct Child {
    pid_t pid = 0;  // 0 = none
    int slot = 0;
  };

  void Start(Child& child);
  void Watch();
  void Reap(Child& child, int status);
  void HandleDeath(Child& child, int status);
  void ForwardSignals();
  void SignalChildren(int signal);
  bool AnyChild() const;
  void ReportProgress(bool now);
  PlanSummary Count() const;
  std::string Devices();
  void ThrowIfStuck(const PlanSummary& plan) const;

  const WorkerJob& job_;
  const std::function<void(const TrainProgress&)> progress_;
  SharedCounts counts_;
  std::vector<Child> children_;
  std::string failure_;  // of the first worker that gave up
  int deaths_in_a_row_ = 0;
  int64_t finished_at_death_ = 0;
  int signals_seen_ = 0;
  std::chrono::steady_clock::time_point next_progress_;
};

}  // namespace dse
