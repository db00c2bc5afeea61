#include "runner/training/rendezvous.h"

#include "core/error.h"

namespace dse {

void Rendezvous::Meet() {
  std::unique_lock lock(mutex_);
  const int64_t meeting = meeting_;
  if (!aborted_ && ++arrived_ == parties_) {
    arrived_ = 0;
    ++meeting_;
    all_here_.notify_all();
  } else {
    all_here_.wait(lock, [&] { return aborted_ || meeting_ != meeting; });
  }
  if (aborted_) throw Error("another replica failed");
}

void Rendezvous::Abort() {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  all_here_.notify_all();
}

bool Rendezvous::aborted() const {
  const std::lock_guard lock(mutex_);
  return aborted_;
}

}  // namespace dse
