#include "runner/work/heartbeat.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "db/database.h"

namespace dse {

Heartbeat::Heartbeat(const std::string& db_path, const ClaimedRun& run, double lease_seconds)
    : db_path_(db_path), run_(run), lease_seconds_(lease_seconds), thread_([this] { Loop(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Heartbeat::Loop() {
  using Seconds = std::chrono::duration<double>;
  const Seconds usual(lease_seconds_ / 4);
  Seconds pause = usual;
  std::unique_lock lock(mutex_);
  while (!lost_ && !wake_.wait_for(lock, pause, [this] { return ending_.load(); })) {
    lock.unlock();
    pause = Beat() ? usual : std::min(usual, Seconds(1));
    lock.lock();
  }
}

// False where the database could not be written. The run goes on: one that was given away is
// refused when its result is written.
bool Heartbeat::Beat() {
  LockWait wait;
  wait.seconds = std::min(lease_seconds_ / 4, DefaultLockWait().seconds);
  wait.interrupted = [this] { return ending_.load(); };
  try {
    Database db = Database::Open(db_path_, OpenMode::kReadWrite, wait);
    if (!RenewLease(db, run_, lease_seconds_)) lost_ = true;
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace dse
