#include "runner/native/team.h"

#include <algorithm>

namespace dse::native {

Team::Team(int threads) {
  if (threads > 1) others_ = std::make_unique<BackgroundTeam>(threads - 1);
}

void Team::Share(int64_t tasks, const Call& call) {
  call_ = &call;
  tasks_ = tasks;
  next_ = 0;
  const int64_t helpers = std::min<int64_t>(size(), tasks) - 1;
  if (helpers <= 0) {
    TakeTasks(0);
    return;
  }
  others_->Start(helpers, [this](int thread, int64_t) { TakeTasks(thread + 1); });
  try {
    TakeTasks(0);
  } catch (...) {
    next_ = tasks;
    others_->Cancel();
    throw;
  }
  others_->Wait();
}

void Team::TakeTasks(int thread) {
  for (int64_t task = next_++; task < tasks_; task = next_++) {
    call_->call(call_->work, thread, task);
  }
}

}  // namespace dse::native
