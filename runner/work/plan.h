#pragma once

#include <cstdint>
#include <span>

#include "db/documents.h"
#include "db/plan.h"
#include "db/populations.h"
#include "runner/work/train.h"

namespace dse {

// What the database is told of a dataset.
DatasetRow MakeDatasetRow(const DatasetInfo& data);

// The runs wanted of `members`: effective recipes, seeds, keys. Pure. Throws Error if a member's
// model has other classes than the dataset (naming --classes).
WantedRuns MakePlan(std::span<const StoredMember> members, const Recipe& recipe,
                    const DatasetInfo& data, uint64_t seed, int repeats);

// What can be known of a request before a run is planned, but for the request itself and the
// trainer: images, names of kept weights for every network, a work folder that can be written and
// has space for the checkpoints. Makes the folders. Throws Error.
void CheckBeforeTraining(const TrainRequest& request, std::span<const StoredMember> members,
                         const DatasetInfo& data);

}  // namespace dse
