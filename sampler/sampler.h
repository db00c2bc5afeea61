#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/draw.h"
#include "core/units.h"
#include "sampler/space.h"

namespace dse {

// The version of the sampler's law: populations of another version are not extended.
inline constexpr int kSamplerVersion = 2;

struct SampleRequest {
  int64_t count = 0;  // members wanted, 1 or more
  uint64_t seed = 0;
  std::optional<Band> band;           // multiply-adds, inclusive; absent = any
  int64_t max_tries = 1'000'000'000;  // candidates drawn before giving up
  int threads = 0;                    // 0 = one per core; the result does not depend on it
};

// Counts over candidates 0 .. candidates-1, the last of which is the last member drawn (or the last
// one tried): the same numbers on any number of threads.
struct SampleReport {
  int64_t candidates = 0;
  int64_t accepted = 0;    // networks that keep every constraint and lie in the band
  int64_t duplicates = 0;  // of these, left out because the same member was drawn before
  double seconds = 0;
  double AcceptRate() const { return candidates ? double(accepted) / double(candidates) : 0; }
};

struct SampleResult {
  std::vector<Draw> draws;  // by candidate; fewer than asked for only when max_tries was reached
  SampleReport report;
  bool complete = false;
};

// Called now and then from the calling thread with (members found, candidates tried). Return false
// to stop early; the result is then incomplete.
using SampleProgress = std::function<bool(int64_t found, int64_t candidates)>;

// Draws by rejection (section 3.2 of the paper): candidate i is drawn from `space` with its own
// random stream, resolved, and kept if it is valid, in the band and within the constraints, unless
// the same model with the same overrides was kept before. So the list is the same on any number of
// threads, and a longer list begins with a shorter one.
SampleResult SamplePopulation(const Space& space, const SampleRequest& request,
                              const SampleProgress& progress = {});

// What the first candidates of a space are when no band is asked for.
struct SpaceSurvey {
  int64_t candidates = 0;
  int64_t valid = 0;         // networks that keep every constraint
  int64_t lowest_flops = 0;  // of those; 0 where there are none
  int64_t highest_flops = 0;
};
SpaceSurvey SurveySpace(const Space& space, uint64_t seed, int64_t candidates);

// The sentence for a request that was not filled: how many were found, the flops seen, what to do.
std::string ExplainShortfall(const Space& space, const SampleRequest& request,
                             const SampleResult& result);

}  // namespace dse
