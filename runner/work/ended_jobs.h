#pragma once

#include <optional>
#include <span>
#include <vector>

#include "db/owner.h"
#include "runner/slurm/job.h"

namespace dse {

// Says in the tokens of this process and its workers which job they run in, if it is one.
void TellOwnersOf(const std::optional<SlurmJob>& job);

// Of owners in batch jobs, which have certainly ended, as Slurm says; for ReclaimLost.
std::vector<bool> EndedInTheirJobs(std::span<const Owner> owners);

}  // namespace dse
