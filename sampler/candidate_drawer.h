#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/complexity.h"
#include "core/draw.h"
#include "core/model.h"
#include "core/rng.h"
#include "core/units.h"
#include "sampler/compiled_space.h"

namespace dse {

// One draw from a space, in memory that is used again for the next one.
struct Candidate {
  size_t model = 0;                      // place in the list; spaces of listed models only
  size_t frame = 0;                      // place among the space's frames; the others
  std::array<Stage, kMaxStages> stages;  // the first `stage_count` of them
  int stage_count = 0;
  RegNetParameters regnet;  // RegNet spaces only
  Complexity complexity;

  std::span<const Stage> network() const {
    return {stages.data(), static_cast<size_t>(stage_count)};
  }
};

// Every network.
inline constexpr Band kAnyBand{0, INT64_MAX};

// Draws the candidates of a space under one key. Fastest where their numbers ascend one by one.
// The space must outlive it; not shared between threads.
class CandidateDrawer {
 public:
  CandidateDrawer(const CompiledSpace& space, uint64_t key) : space_(space), key_(key) {}

  // Draws candidate `number` and resolves it. False, with `candidate` left unspecified, where it is
  // no network (a RegNet with another number of stages, a width out of bounds), breaks a constraint
  // or has multiply-adds outside `band`; most of those are left as soon as the stages so far tell.
  // Allocates nothing.
  bool Draw(int64_t number, const Band& band, Candidate& candidate);
  // The recipe values drawn with the same candidate.
  Overrides DrawOverrides(int64_t number);

 private:
  // Words of the stream of candidate `number`, kPhiloxLanes apart.
  const uint32_t* WordsOf(int64_t number);

  const CompiledSpace& space_;
  const uint64_t key_;
  int64_t first_ = -1;  // of the candidates whose words are there
  std::array<uint32_t, kMaxWords * kPhiloxLanes> words_{};
};

// The model of a candidate that was drawn.
Model ModelOf(const CompiledSpace& space, const Candidate& candidate);

// False only where no RegNet with these parameters has `least` to `most` stages, each with blocks;
// a cheap test that spares most candidates of a RegNet space the logarithms of equations (3) and
// (4).
bool MayHaveStages(const RegNetParameters& parameters, int least, int most);

}  // namespace dse
