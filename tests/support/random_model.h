#pragma once

#include "core/model.h"
#include "core/rng.h"

namespace dse {

// A resolved network of `block` without name: 1 to 5 stages, every stem, odd and even resolutions
// from 8 to 256, half of those that may squeeze with a ratio other than 0.25.
Model RandomModel(BlockType block, RandomStream& random);

}  // namespace dse
