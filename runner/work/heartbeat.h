#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "db/claims.h"

namespace dse {

// Renews the lease of one run from a thread of its own, with its own connection, every quarter of
// `lease_seconds`, and again soon after it failed. Joined by the destructor.
class Heartbeat {
 public:
  Heartbeat(const std::string& db_path, const ClaimedRun& run, double lease_seconds);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  // Whether the run was found to be no longer ours.
  bool lost() const { return lost_; }

 private:
  void Loop();
  bool Beat();

  const std::string db_path_;
  const ClaimedRun& run_;
  const double lease_seconds_;
  std::atomic<bool> lost_{false};
  std::atomic<bool> ending_{false};  // changed under mutex_
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace dse
