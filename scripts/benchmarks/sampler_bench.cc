#include <benchmark/benchmark.h>

#include "sampler/sampler.h"

namespace dse {
namespace {

// Candidates drawn from a space in 360-400 MF at 224 px; argument: threads. Items are candidates.
void SampleSpace(benchmark::State& state, const char* name) {
  const Space space = Space::Load(name);
  SampleRequest request;
  request.count = 500;
  request.band = ParseBand("360M:400M");
  request.threads = static_cast<int>(state.range(0));
  int64_t candidates = 0;
  for (auto _ : state) {
    ++request.seed;
    candidates += SamplePopulation(space, request).report.candidates;
  }
  state.SetItemsProcessed(candidates);
}
BENCHMARK_CAPTURE(SampleSpace, AnyNetXA, "AnyNetXA")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK_CAPTURE(SampleSpace, RegNetX, "RegNetX")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
}  // namespace dse
