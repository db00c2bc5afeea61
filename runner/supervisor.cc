#include "runner/supervisor.h"

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
#include "runner/stop_signals.h"

namespace dse {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{20};
constexpr std::chrono::milliseconds kProgressPause{1000};

// Deaths without a finished run in between after which workers are no longer replaced. A run that
// kills its worker is given up by the database after five.
constexpr int kMostDeathsInARow = 20;

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
  for (int i = 0; i < job.request.workers; ++i) children_.push_back({0, i});
}

Supervisor::~Supervisor() {
  SignalChildren(SIGKILL);
  for (const Child& child : children_) {
    if (child.pid != 0) waitpid(child.pid, nullptr, 0);
  }
}

TrainSummary Supervisor::Run() {
  for (Child& child : children_) {
    if (StopSignals::count() == 0) Start(child);
  }
  ReportProgress(/*now=*/true);
  while (AnyChild()) {
    std::this_thread::sleep_for(kPoll);
    ForwardSignals();
    Watch();
    ReportProgress(/*now=*/false);
  }
  ReportProgress(/*now=*/true);
  TrainSummary summary{Count(), counts_.finished(), StopSignals::count() > 0};
  if (!summary.interrupted) ThrowIfStuck(summary.plan);
  return summary;
}

void Supervisor::Start(Child& child) {
  WorkerSlot& slot = counts_.slot(child.slot);
  slot.holding = false;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw Error(std::string("cannot start a worker: ") + std::strerror(errno));
  if (pid == 0) ChildMain(parent, job_, counts_, slot);
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
  const WorkerSlot& slot = counts_.slot(child.slot);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (code == static_cast<int>(WorkerExit::kDone) ||
      code == static_cast<int>(WorkerExit::kInterrupted)) {
    return;
  }
  if (slot.holding) {
    --counts_.claimed();
    Database db = Database::Open(job_.request.db_path, OpenMode::kReadWrite);
    ReclaimLost(db, job_.run_ids);
  }
  if (code != static_cast<int>(WorkerExit::kFailed)) {
    HandleDeath(child, status);
  } else if (failure_.empty()) {
    failure_ = slot.failure;
  }
}

void Supervisor::HandleDeath(Child& child, int status) {
  if (StopSignals::count() > 0) return;
  const int64_t finished = counts_.finished();
  deaths_in_a_row_ = finished > finished_at_death_ ? 1 : deaths_in_a_row_ + 1;
  finished_at_death_ = finished;
  if (deaths_in_a_row_ < kMostDeathsInARow) {
    Start(child);
  } else if (failure_.empty()) {
    const std::string how =
        WIFSIGNALED(status)
            ? "by signal " + std::to_string(WTERMSIG(status)) + ", " + strsignal(WTERMSIG(status))
            : "with exit code " + std::to_string(WEXITSTATUS(status));
    failure_ = std::to_string(deaths_in_a_row_) +
               " workers in a row ended without a result (the last " + how + ")";
  }
}

// The first signal asks the workers to give their runs back, a later one kills them. Several that
// come within one poll (from the terminal and from a wrapper) count as one.
void Supervisor::ForwardSignals() {
  const int signals = StopSignals::count();
  if (signals == signals_seen_) return;
  SignalChildren(signals_seen_ == 0 ? SIGTERM : SIGKILL);
  signals_seen_ = signals;
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

PlanSummary Supervisor::Count() const {
  Database db = Database::Open(job_.request.db_path, OpenMode::kReadOnly);
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
  if (!progress_ || (!now && begin < next_progress_)) return;
  TrainProgress report;
  try {
    report.plan = Count();
  } catch (const Error&) {
    // A file that cannot be read for once is no reason to end the training.
    next_progress_ = Clock::now() + kProgressPause;
    return;
  }
  report.best_error = report.plan.best_error;
  report.seconds = std::chrono::duration<double>(begin - job_.start).count();
  report.finished_here = counts_.finished();
  report.devices = Devices();
  progress_(report);
  // Counting a hundred thousand runs may take a while; it must not become the main work.
  next_progress_ = begin + std::max<Clock::duration>(kProgressPause, 10 * (Clock::now() - begin));
}

void Supervisor::ThrowIfStuck(const PlanSummary& plan) const {
  const int64_t open = plan.states[RunState::kPending] + plan.states[RunState::kRunning];
  if (failure_.empty() || open == 0) return;
  throw Error(failure_);
}

}  // namespace dse
