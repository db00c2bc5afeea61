#include "runner/heartbeat.h"

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
  const std::chrono::duration<double> pause(lease_seconds_ / 4);
  std::unique_lock lock(mutex_);
  while (!lost_ && !wake_.wait_for(lock, pause, [this] { return ending_; })) {
    lock.unlock();
    Beat();
    lock.lock();
  }
}

void Heartbeat::Beat() {
  try {
    Database db = Database::Open(db_path_, OpenMode::kReadWrite);
    if (!RenewLease(db, run_, lease_seconds_)) lost_ = true;
  } catch (const std::exception&) {
    // A database that is busy for once costs nothing: three more beats come before the lease is
    // over, and a run that was given away is refused when its result is written.
  }
}

}  // namespace dse
