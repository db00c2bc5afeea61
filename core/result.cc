#include "core/result.h"

#include <algorithm>
#include <numeric>

namespace dse {
namespace {
constexpr Word<RunState> kStates[] = {{"pending", RunState::kPending},
                                      {"running", RunState::kRunning},
                                      {"done", RunState::kDone},
                                      {"diverged", RunState::kDiverged},
                                      {"out_of_memory", RunState::kOutOfMemory},
                                      {"failed", RunState::kFailed},
                                      {"cancelled", RunState::kCancelled}};
}

const std::span<const Word<RunState>> kRunStateWords = kStates;

const char* RunStateText(RunState state) { return TextOf<RunState>(state, kStates); }

int64_t StateCounts::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

int64_t StateCounts::final() const {
  const StateCounts& counts = *this;
  return total() - counts[RunState::kPending] - counts[RunState::kRunning] -
         counts[RunState::kFailed];
}

std::string StateCounts::Text() const {
  const StateCounts& counts = *this;
  std::string text = std::to_string(counts[RunState::kDone]) + " done";
  for (const Word<RunState>& word : kStates) {
    if (word.value == RunState::kDone || counts[word.value] == 0) continue;
    std::string name = word.text;
    std::replace(name.begin(), name.end(), '_', ' ');
    text += ", " + std::to_string(counts[word.value]) + " " + name;
  }
  return text;
}

}  // namespace dse
