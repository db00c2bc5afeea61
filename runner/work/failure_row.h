#pragma once

#include <string>
#include <vector>

#include "db/claims.h"
#include "db/giving_back.h"
#include "runner/work/shared_counts.h"

namespace dse {

// Tells the failures of runs from those of their worker: runs that fail one after another with the
// same sentence are not its cause. A row is a worker's own (one broken device beside sound ones),
// and rows with the same sentence that workers of a call have at one time count together (a module
// broken for all). A result, or another sentence, ends a worker's row; a successor of the worker
// goes on with it.

// Notes that `run` failed and answers the attempts of the row if they are of kFailuresInARow
// different runs or more, else none. Words with a digit, such as keys and sizes, do not make two
// sentences different.
std::vector<FailedAttempt> NoteFailure(SharedCounts& counts, WorkerSlot& own, const ClaimedRun& run,
                                       const std::string& sentence);

// Ends a worker's row.
void ClearFailures(WorkerSlot& slot);

}  // namespace dse
