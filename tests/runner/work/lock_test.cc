// Training while another program has locked the results file.

#include <signal.h>

#include <catch2/catch.hpp>
#include <memory>

#include "core/error.h"
#include "runner/work/stop_signals.h"
#include "tests/runner/work/study.h"
#include "tests/support/file_lock.h"

namespace dse::lock_test {
namespace {

// For the processes forked meanwhile.
class ScopedLockWait {
 public:
  explicit ScopedLockWait(LockWait wait) : before_(DefaultLockWait()) {
    SetLockWait(std::move(wait));
  }
  ~ScopedLockWait() { SetLockWait(before_); }
  ScopedLockWait(const ScopedLockWait&) = delete;
  ScopedLockWait& operator=(const ScopedLockWait&) = delete;

 private:
  LockWait before_;
};

// Tells that it started, and trains on once the file is locked.
TrainerFactory AfterTheLock(const std::string& started, const std::string& locked) {
  return FakeTrainerFactory([started, locked](const TrainingJob& job, const TrainingHooks& hooks) {
    AppendLine(started, "started");
    Eventually([&] { return CountLines(locked) == 1; });
    return TrainQuietly(job, hooks);
  });
}

}  // namespace

TEST_CASE("a worker waits for a locked file, says so, and stores its result") {
  const Study study(2);
  const std::string started = study.File("started"), locked = study.File("locked");
  const std::string told = study.File("told");
  LockWait wait;
  wait.notice_seconds = 0.2;
  wait.notice = [told](const std::string& text) { AppendLine(told, text); };
  const ScopedLockWait scope(wait);
  const int pid = StartTrain(study.Request(), study.data(), AfterTheLock(started, locked));
  REQUIRE(Eventually([&] { return CountLines(started) == 1; }));
  auto other = std::make_unique<FileLock>(study.db_path());
  AppendLine(locked, "locked");
  REQUIRE(Eventually([&] { return CountLines(told) >= 1; }));
  other.reset();
  CHECK(WaitFor(pid) == 0);
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 2);
  CHECK(study.Query("SELECT count(*) FROM epochs") == 4);
  CHECK(study.Query("SELECT count(*) FROM attempts") == 2);
}

TEST_CASE("a file locked for longer than the wait costs no run a failure") {
  const Study study(1);
  const std::string started = study.File("started"), locked = study.File("locked");
  int pid = 0;
  {
    LockWait wait;
    wait.seconds = 3;
    const ScopedLockWait scope(wait);
    pid = StartTrain(study.Request(), study.data(), AfterTheLock(started, locked));
  }
  REQUIRE(Eventually([&] { return CountLines(started) == 1; }));
  auto other = std::make_unique<FileLock>(study.db_path());
  AppendLine(locked, "locked");
  CHECK(WaitFor(pid) == 1);
  other.reset();
  const TrainSummary summary =
      Train(study.Request(), study.data(), AfterTheLock(started, locked), {});
  CHECK(summary.plan.states[RunState::kDone] == 1);
  CHECK(study.Query("SELECT failures FROM runs") == 0);
}

TEST_CASE("Ctrl-C ends the wait for a locked file") {
  const Study study(2);
  const std::string started = study.File("started"), locked = study.File("locked");
  const std::string told = study.File("told");
  LockWait wait;
  wait.notice_seconds = 0.2;
  wait.notice = [told](const std::string& text) { AppendLine(told, text); };
  wait.interrupted = [] { return StopSignals::count() > 0; };
  const ScopedLockWait scope(wait);
  const int pid = StartTrain(study.Request(), study.data(), AfterTheLock(started, locked));
  REQUIRE(Eventually([&] { return CountLines(started) == 1; }));
  auto other = std::make_unique<FileLock>(study.db_path());
  AppendLine(locked, "locked");
  REQUIRE(Eventually([&] { return CountLines(told) >= 1; }));
  kill(pid, SIGINT);
  CHECK(WaitFor(pid) == 130);
  other.reset();
  CHECK(study.Query("SELECT count(*) FROM runs WHERE state = 'done'") == 0);
}

}  // namespace dse::lock_test
