#include <benchmark/benchmark.h>

#include <vector>

#include "core/complexity.h"
#include "core/named_models.h"
#include "sampler/sampler.h"

namespace dse {
namespace {

// Complexity of resolved AnyNetXA networks of mixed size, one core: items are networks.
void CountAnyNetComplexity(benchmark::State& state) {
  SampleRequest request;
  request.count = 1000;
  request.seed = 1;
  request.threads = 1;
  const SampleResult sample = SamplePopulation(Space::Load("AnyNetXA"), request);
  for (auto _ : state) {
    for (const Draw& draw : sample.draws) {
      benchmark::DoNotOptimize(CountComplexity(draw.model.frame, draw.model.stages));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(sample.draws.size()));
}
BENCHMARK(CountAnyNetComplexity);

}  // namespace
}  // namespace dse
