#pragma once

#include <span>

#include "db/populations.h"
#include "runner/work/train.h"

namespace dse {

// What can be known of a request before a run is planned, but for the request itself and the
// trainer: images, names of kept weights for every network, a work folder that can be written and
// has space for the checkpoints. Makes the folders. Throws Error.
void CheckBeforeTraining(const TrainRequest& request, std::span<const StoredMember> members,
                         const DatasetInfo& data);

}  // namespace dse
