#include <benchmark/benchmark.h>

#include "sampler/sampler.h"

namespace dse {
namespace {

// Candidates drawn from a space in 360-400 MF at 224 px; arguments: threads, members. Items are
// candidates.
void SampleSpace(benchmark::State& state, const char* name) {
  const Space space = Space::Load(name);
  SampleRequest request;
  request.count = state.range(1);
  request.band = ParseBand("360M:400M");
  request.threads = static_cast<int>(state.range(0));
  int64_t candidates = 0;
  for (auto _ : state) {
    ++request.seed;
    candidates += SamplePopulation(space, request).report.candidates;
  }
  state.SetItemsProcessed(candidates);
}
BENCHMARK_CAPTURE(SampleSpace, AnyNetXA, "AnyNetXA")
    ->Args({1, 20000})
    ->Args({2, 20000})
    ->UseRealTime();
BENCHMARK_CAPTURE(SampleSpace, RegNetX, "RegNetX")->Args({1, 2000})->Args({2, 2000})->UseRealTime();

}  // namespace
}  // namespace dse
