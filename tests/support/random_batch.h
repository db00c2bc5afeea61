#pragma once

#include "core/model.h"
#include "runner/data/batches.h"

namespace dse {

// A batch for the network of noise images, lit and labelled at random. Equal for equal seeds.
Batch RandomBatch(const Frame& frame, int size, uint64_t seed);

}  // namespace dse
