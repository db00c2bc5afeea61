#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dse {

// One thread for each replica of a network, or the caller's own for a single one.
class ReplicaGroup {
 public:
  // `on_failure` is called in the thread of a replica whose work threw, to wake those that wait for
  // it.
  ReplicaGroup(int replicas, std::function<void()> on_failure);
  ~ReplicaGroup();
  ReplicaGroup(const ReplicaGroup&) = delete;
  ReplicaGroup& operator=(const ReplicaGroup&) = delete;

  int size() const { return replicas_; }
  // Calls work(replica) in every thread and waits for all of them. Throws what the first replica to
  // fail threw.
  void Run(const std::function<void(int)>& work);

 private:
  void Loop(int replica);
  void Work(int replica);

  const int replicas_;
  const std::function<void()> on_failure_;
  const std::function<void(int)>* work_ = nullptr;  // of this round
  std::mutex mutex_;
  std::condition_variable changed_;
  int round_ = 0;
  int working_ = 0;
  bool ending_ = false;
  std::exception_ptr failure_;
  std::vector<std::jthread> threads_;
};

}  // namespace dse
