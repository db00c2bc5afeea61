#pragma once

#include "core/model.h"
#include "core/rng.h"

namespace dse {

// A resolved network of `block` without name: 1 to 5 stages, every stem, odd and even resolutions
// from 8 to 256, half of those that may squeeze with a ratio other than 0.25.
Model RandomModel(BlockType block, RandomStream& random);

// The same but small enough to be trained in milliseconds: up to 3 stages of 1 or 2 blocks, widths
// up to 40, resolutions from 8 to 32.
Model SmallModel(BlockType block, RandomStream& random);

inline constexpr BlockType kEveryBlock[] = {BlockType::kX,     BlockType::kY,  BlockType::kR,
                                            BlockType::kV,     BlockType::kVR, BlockType::kBasic,
                                            BlockType::kMBConv};

}  // namespace dse
