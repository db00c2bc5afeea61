#include "runner/torch/replica_group.h"

#include <utility>

namespace dse {

ReplicaGroup::ReplicaGroup(int replicas, std::function<void()> on_failure)
    : replicas_(replicas), on_failure_(std::move(on_failure)) {
  if (replicas_ == 1) return;
  for (int i = 0; i < replicas_; ++i) threads_.emplace_back([this, i] { Loop(i); });
}

ReplicaGroup::~ReplicaGroup() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void ReplicaGroup::Run(const std::function<void(int)>& work) {
  if (replicas_ == 1) {
    work(0);
    return;
  }
  std::unique_lock lock(mutex_);
  work_ = &work;
  working_ = replicas_;
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return working_ == 0; });
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ReplicaGroup::Loop(int replica) {
  for (int round = 1;; ++round) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return ending_ || round_ == round; });
      if (ending_) return;
    }
    Work(replica);
  }
}

void ReplicaGroup::Work(int replica) {
  std::exception_ptr failure;
  try {
    (*work_)(replica);
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    if (failure && !failure_) failure_ = failure;
    --working_;
  }
  // After the failure is kept: those it wakes fail too, and later.
  if (failure) on_failure_();
  changed_.notify_all();
}

}  // namespace dse
