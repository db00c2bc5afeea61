#pragma once

#include "runner/training/engine.h"
#include "runner/training/evaluation_job.h"

namespace dse {

// Tests kept weights on the data's test split, images normalised as they were in training and
// computed in the recipe's precision by one replica, each batch in `parts` one after another.
// Throws OutOfMemory, and Error for weights of another network, a damaged file, a map of other
// classes, a label without a class.
EvaluationResult TestWeights(const EvaluationJob& job, Engine& engine, int parts);

}  // namespace dse
