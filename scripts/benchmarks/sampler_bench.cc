#include <benchmark/benchmark.h>

#include "sampler/candidate_drawer.h"
#include "sampler/sampler.h"

namespace dse {
namespace {

const Band kBand{360'000'000, 400'000'000};  // at 224 px

// Candidates drawn and tested against the band, each thread its own.
void DrawCandidates(benchmark::State& state, const char* name) {
  constexpr int64_t kCandidates = 1 << 16;
  const Space space = Space::Load(name);
  CandidateDrawer drawer(space.compiled(), space.StreamKeyFor(1));
  Candidate candidate;
  int64_t number = int64_t{state.thread_index()} << 40;
  for (auto _ : state) {
    for (const int64_t end = number + kCandidates; number < end; ++number) {
      benchmark::DoNotOptimize(drawer.Draw(number, kBand, candidate));
    }
  }
  state.SetItemsProcessed(state.iterations() * kCandidates);
}
BENCHMARK_CAPTURE(DrawCandidates, AnyNetXA, "AnyNetXA")->Threads(1)->Threads(2)->UseRealTime();

// Populations of different networks with their hashes; arguments: threads, members.
void SampleSpace(benchmark::State& state, const char* name) {
  const Space space = Space::Load(name);
  SampleRequest request;
  request.count = state.range(1);
  request.band = kBand;
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
