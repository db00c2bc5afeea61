#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "db/claims.h"
#include "db/database.h"
#include "db/owner.h"
#include "db/run_set.h"

namespace dse {

// Runs that come back to pending without a result.

// Gives runs of the set whose lease ran out or whose owner certainly ended, as can be seen here or
// as `ended` says, back to pending (attempt outcome "lost"; the fifth loss of a run makes it
// failed). Returns how many.
int64_t ReclaimLost(Database& db, const RunSet& run_ids, const EndedOwners& ended = {});

// ClaimNext, where need be after what is lost of the set was given back, by us or, meanwhile, by
// somebody else.
std::optional<ClaimedRun> ClaimOrReclaim(Database& db, const Owner& owner,
                                         const ClaimRequest& request,
                                         const EndedOwners& ended = {});

// False, changing nothing, if the run is no longer ours. Back to pending; the attempt is kept as
// "released", with the message if there is one, and does not count as a failure.
bool ReleaseRun(Database& db, const ClaimedRun& run, const std::string& message = "");

// Whether an attempt before this one was given back with a message that begins so, and the run had
// no result (done, diverged, out of memory) since.
bool GivenBackWith(Database& db, const ClaimedRun& run, const std::string& beginning);

// An attempt that ended as failed.
struct FailedAttempt {
  int64_t run_id = 0;
  int64_t attempt = 0;
};
// Makes failures undone that were not the runs' own: each goes back to pending and its attempt
// becomes "released", the message kept, unless the run was taken again meanwhile. Returns how many.
int64_t TakeBackFailures(Database& db, std::span<const FailedAttempt> failures);

}  // namespace dse
