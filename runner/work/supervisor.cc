#include "runner/work/supervisor.h"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "core/error.h"
#include "db/database.h"
#include "db/giving_back.h"
#include "db/plan.h"
#include "runner/work/process_end.h"
#include "runner/work/stop_signals.h"

namespace dse {
namespace {

constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::milliseconds kProgressPause{1000};

// Failures of a worker and of its successor, without an epoch or result in between, after which
// there is no further successor.
constexpr int kMostFailuresInARow = 2;

// Deaths without a finished run in between after which workers are no longer replaced. A run that
// kills its worker is given up by the database after five.
constexpr int kMostDeathsInARow = 20;

constexpr int kNoExitCode = -1;

// For what is tried again soon.
const LockWait kNoWait{0};

void Note(WorkerReport::Ends& ends, const std::string& reason) {
  if (ends.count++ == 0) ends.reason = reason;
}

// In the child: dies with the parent, works, and ends without the destructors and exit handlers
// that belong to the parent.
[[noreturn]] void ChildMain(pid_t parent, const WorkerJob& job, SharedCounts& counts,
                            WorkerSlot& slot) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  WorkerExit exit = WorkerExit::kInterrupted;
  if (getppid() == parent) exit = RunWorker(job, counts, slot);
  _exit(static_cast<int>(exit));
}

}  // namespace

Supervisor::Supervisor(const WorkerJob& job, std::function<void(const TrainProgress&)> progress)
    : job_(job), progress_(std::move(progress)), counts_(job.request.workers) {
  workers_.workers = job.request.workers;
  for (int i = 0; i < job.request.workers; ++i) children_.push_back({0, i});
}

Supervisor::~Supervisor() {
  SignalChildren(SIGKILL);
  for (const Child& child : children_) {
    if (child.pid != 0) waitpid(child.pid, nullptr, 0);
  }
}

TrainSummary Supervisor::Run() {
  ReportProgress(/*now=*/true);  // before a worker can have the file locked
  for (Child& child : children_) {
    if (StopSignals::count() == 0) Start(child);
  }
  while (AnyChild()) {
    std::this_thread::sleep_for(kPoll);
    ForwardSignals();
    Watch();
    if (reclaim_due_) Reclaim(kNoWait);
    ReportProgress(/*now=*/false);
  }
  ReportProgress(/*now=*/true);
  if (progress_failure_) std::rethrow_exception(progress_failure_);
  return Summarise();
}

TrainSummary Supervisor::Summarise() {
  if (reclaim_due_) Reclaim(DefaultLockWait());
  TrainSummary summary;
  summary.interrupted = StopSignals::count() > 0;
  try {
    summary.plan = Count(DefaultLockWait());
  } catch (const Error&) {
    if (!summary.interrupted) throw;  // else who interrupted has waited long enough
  }
  summary.finished_here = counts_.finished();
  summary.workers = workers_;
  summary.left_undone = !summary.interrupted && LeftUndone(summary.plan);
  summary.out_of_time = counts_.out_of_time() && summary.plan.states[RunState::kPending] > 0;
  return summary;
}

void Supervisor::Start(Child& child) {
  WorkerSlot& slot = counts_.slot(child.slot);
  slot.holding = false;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    Note(workers_.ended_early,
         std::string("its process cannot be started: ") + std::strerror(errno));
    return;
  }
  if (pid == 0) {
    EnterPlace(job_.placement.devices.places[static_cast<size_t>(child.slot)]);
    ChildMain(parent, job_, counts_, slot);
  }
  child.pid = pid;
}

void Supervisor::Watch() {
  for (Child& child : children_) {
    int status = 0;
    if (child.pid != 0 && waitpid(child.pid, &status, WNOHANG) == child.pid) Reap(child, status);
  }
}

void Supervisor::Reap(Child& child, int status) {
  child.pid = 0;
  if (counts_.slot(child.slot).holding) {
    --counts_.claimed();
    reclaim_due_ = true;
  }
  if (StopSignals::count() > 0) return;
  switch (WIFEXITED(status) ? WEXITSTATUS(status) : kNoExitCode) {
    case static_cast<int>(WorkerExit::kDone):
    case static_cast<int>(WorkerExit::kInterrupted):
      return;
    case static_cast<int>(WorkerExit::kMachineFault):
      return Note(workers_.ended_early, counts_.slot(child.slot).failure);
    case static_cast<int>(WorkerExit::kWorkerFault):
      return HandleGivingUp(child);
    default:
      return HandleDeath(child, status);
  }
}

void Supervisor::HandleGivingUp(Child& child) {
  const WorkerSlot& slot = counts_.slot(child.slot);
  child.failures = slot.progress > child.progress ? 1 : child.failures + 1;
  child.progress = slot.progress;
  if (child.failures < kMostFailuresInARow) {
    Replace(child, slot.failure);
  } else {
    Note(workers_.ended_early, slot.failure);
  }
}

void Supervisor::HandleDeath(Child& child, int status) {
  const int64_t finished = counts_.finished();
  deaths_in_a_row_ = finished > finished_at_death_ ? 1 : deaths_in_a_row_ + 1;
  finished_at_death_ = finished;
  const std::string how = HowItEnded(status);
  if (deaths_in_a_row_ < kMostDeathsInARow) {
    Replace(child, "its process ended " + how);
  } else {
    Note(workers_.ended_early,
         fmt::format("{} workers in a row ended without a result (the last {})", deaths_in_a_row_,
                     how));
  }
}

void Supervisor::Replace(Child& child, const std::string& reason) {
  Note(workers_.replaced, reason);
  Start(child);
}

// What cannot be given back now, because the database is locked or the disk is full, is tried
// again.
void Supervisor::Reclaim(const LockWait& wait) {
  try {
    Database db = Database::Open(job_.request.db_path, OpenMode::kReadWrite, wait);
    ReclaimLost(db, job_.run_ids);
    reclaim_due_ = false;
  } catch (const Error&) {
    // The run of a dead owner is also given back by the next worker or call that looks.
  }
}

// The first signal asks the workers to give their runs back, a later one kills them. Several that
// come within one poll (from the terminal and from a wrapper) count as one. SIGUSR1 and what a
// batch system's SIGTERM adds to it, in either order, only ask.
void Supervisor::ForwardSignals() {
  const int urgent = StopSignals::urgent();
  if (!stop_asked_ && StopSignals::count() > 0) {
    SignalChildren(SIGTERM);
    stop_asked_ = true;
  } else if (urgent > urgent_seen_ && urgent_seen_ > 0) {
    SignalChildren(SIGKILL);
  }
  urgent_seen_ = urgent;
}

void Supervisor::SignalChildren(int signal) {
  for (const Child& child : children_) {
    if (child.pid != 0) kill(child.pid, signal);
  }
}

bool Supervisor::AnyChild() const {
  return std::any_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.pid != 0; });
}

PlanSummary Supervisor::Count(const LockWait& wait) const {
  Database db = Database::Open(job_.request.db_path, OpenMode::kReadOnly, wait);
  return CountRuns(db, job_.run_ids);
}

std::string Supervisor::Devices() {
  std::vector<std::string> names;
  for (int i = 0; i < job_.request.workers; ++i) {
    const WorkerSlot& slot = counts_.slot(i);
    if (slot.named && std::ranges::find(names, slot.device) == names.end()) {
      names.emplace_back(slot.device);
    }
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "; ") + name;
  return text;
}

void Supervisor::ReportProgress(bool now) {
  const Clock::time_point begin = Clock::now();
  if (!progress_ || progress_failure_ || (!now && begin < next_progress_)) return;
  TrainProgress report;
  try {
    report.plan = Count(kNoWait);
  } catch (const Error&) {
    // A file that cannot be read for once is no reason to end the training.
    next_progress_ = Clock::now() + kProgressPause;
    return;
  }
  report.best_error = report.plan.best_error;
  report.seconds = SecondsBetween(job_.start, begin);
  report.finished_here = counts_.finished();
  if (AnyChild()) report.workers = workers_;
  report.placement = job_.placement.text;
  report.devices = Devices();
  try {
    progress_(report);
  } catch (...) {
    progress_failure_ = std::current_exception();
  }
  // Counting a hundred thousand runs may take a while; it must not become the main work.
  next_progress_ = begin + std::max<Clock::duration>(kProgressPause, 10 * (Clock::now() - begin));
}

// Whether a worker more would have done more.
bool Supervisor::LeftUndone(const PlanSummary& plan) {
  const TrainRequest& request = job_.request;
  const bool open = plan.states[RunState::kPending] > 0 || reclaim_due_;
  if (workers_.ended_early.count == 0 || !open) return false;
  if (request.limit && counts_.claimed() >= *request.limit) return false;
  const std::chrono::duration<double> elapsed = Clock::now() - job_.start;
  return !request.time_limit || elapsed.count() < *request.time_limit;
}

std::string WorkerReport::Text() const {
  std::string text;
  if (ended_early.count > 0) {
    text = fmt::format("{} of {} workers ended early: {}", ended_early.count, workers,
                       ended_early.reason);
  }
  if (replaced.count == 0) return text;
  if (!text.empty() && replaced.reason == ended_early.reason) {
    return fmt::format("{} (as did {} before, replaced)", text, replaced.count);
  }
  return fmt::format("{}{}{} {} replaced: {}", text, text.empty() ? "" : "; ", replaced.count,
                     replaced.count == 1 ? "worker was" : "workers were", replaced.reason);
}

}  // namespace dse
