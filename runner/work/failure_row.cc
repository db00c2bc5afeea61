#include "runner/work/failure_row.h"

#include <algorithm>
#include <functional>

#include "core/sentence.h"

namespace dse {
namespace {

// Never 0.
uint64_t HashOf(const std::string& text) { return std::hash<std::string>()(text) | 1; }

void Append(const WorkerSlot& slot, std::vector<FailedAttempt>& row) {
  for (const WorkerSlot::Failure& failure : slot.failures) {
    const int64_t run = failure.run_id;
    const bool known = std::any_of(row.begin(), row.end(),
                                   [&](const FailedAttempt& seen) { return seen.run_id == run; });
    if (run != 0 && !known) row.push_back({run, failure.attempt});
  }
}

// The place of this run, else a free one, else the first: its row is long enough anyway.
WorkerSlot::Failure& PlaceFor(WorkerSlot& slot, int64_t run_id) {
  for (const int64_t wanted : {run_id, int64_t{0}}) {
    for (WorkerSlot::Failure& failure : slot.failures) {
      if (failure.run_id == wanted) return failure;
    }
  }
  return slot.failures.front();
}

}  // namespace

std::vector<FailedAttempt> NoteFailure(SharedCounts& counts, WorkerSlot& own, const ClaimedRun& run,
                                       const std::string& sentence) {
  const uint64_t hash = HashOf(CommonSentence(sentence));
  if (own.sentence != hash) ClearFailures(own);
  WorkerSlot::Failure& place = PlaceFor(own, run.run_id);
  place.run_id = run.run_id;
  place.attempt = run.attempt;
  own.sentence = hash;
  std::vector<FailedAttempt> row;
  Append(own, row);
  for (const WorkerSlot& slot : counts.slots()) {
    if (&slot != &own && slot.sentence == hash) Append(slot, row);
  }
  if (row.size() < kFailuresInARow) row.clear();
  return row;
}

void ClearFailures(WorkerSlot& slot) {
  slot.sentence = 0;
  for (WorkerSlot::Failure& failure : slot.failures) failure.run_id = 0;
}

}  // namespace dse
