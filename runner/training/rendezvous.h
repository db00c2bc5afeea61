#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace dse {

// Where threads that work on one thing wait for each other, as often as they like. One of them that
// cannot go on calls Abort, and no one waits for it.
class Rendezvous {
 public:
  explicit Rendezvous(int parties) : parties_(parties) {}
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // Returns when all parties have called it; what they did before is then seen by all. Throws Error
  // after Abort, also where the caller already waits.
  void Meet();
  // Final. Wakes those who wait; touches nothing that they use.
  void Abort();
  bool aborted() const;

 private:
  const int parties_;
  mutable std::mutex mutex_;
  std::condition_variable all_here_;
  int arrived_ = 0;
  int64_t meeting_ = 0;
  bool aborted_ = false;
};

}  // namespace dse
