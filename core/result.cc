#include "core/result.h"

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

}  // namespace dse
