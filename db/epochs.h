#pragma once

#include "core/result.h"
#include "db/claims.h"
#include "db/database.h"

namespace dse {

// False, changing nothing, if the run is no longer ours. An epoch that was done again replaces what
// it was before.
bool RecordEpoch(Database& db, const ClaimedRun& run, const EpochRecord& epoch);

}  // namespace dse
