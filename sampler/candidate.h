#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/complexity.h"
#include "core/draw.h"
#include "core/model.h"
#include "sampler/space.h"

namespace dse {

// One draw from a space, in memory that is used again for the next one.
struct Candidate {
  std::array<Stage, kMaxStages> stages;  // the first `stage_count` of them
  int stage_count = 0;
  RegNetParameters regnet;  // RegNet spaces only
  Complexity complexity;

  std::span<const Stage> network() const {
    return {stages.data(), static_cast<size_t>(stage_count)};
  }
};

// Draws candidate `number` under `key` and resolves it. False, with `candidate` left unspecified,
// where it is no network (a RegNet with another number of stages, a width out of bounds) or breaks
// a constraint. Allocates nothing.
bool DrawCandidate(const Space::Compiled& space, uint64_t key, int64_t number,
                   Candidate& candidate);

// The recipe values drawn with the same candidate.
Overrides DrawOverrides(const Space::Compiled& space, uint64_t key, int64_t number);

// False only where no RegNet with these parameters has `stages` stages, each with blocks; a cheap
// test that spares most candidates of a RegNet space the logarithms of equations (3) and (4).
bool MayHaveStages(const RegNetParameters& parameters, int stages);

}  // namespace dse
