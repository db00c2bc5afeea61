#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "cli/model_lines.h"
#include "core/complexity.h"
#include "core/named_models.h"
#include "core/regnet.h"
#include "core/rng.h"
#include "sampler/sampler.h"

namespace dse {
namespace {

// Resolved AnyNetXA networks of mixed size.
std::vector<Draw> AnyNetDraws() {
  SampleRequest request;
  request.count = 1000;
  request.seed = 1;
  request.threads = 1;
  return SamplePopulation(Space::Load("AnyNetXA"), request).draws;
}

// Complexity, one core: items are networks.
void CountAnyNetComplexity(benchmark::State& state) {
  const std::vector<Draw> draws = AnyNetDraws();
  for (auto _ : state) {
    for (const Draw& draw : draws) {
      benchmark::DoNotOptimize(CountComplexity(draw.model.frame, draw.model.stages));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(draws.size()));
}
BENCHMARK(CountAnyNetComplexity);

void HashAnyNet(benchmark::State& state) {
  const std::vector<Draw> draws = AnyNetDraws();
  for (auto _ : state) {
    for (const Draw& draw : draws) benchmark::DoNotOptimize(ModelHash(draw.model));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(draws.size()));
}
BENCHMARK(HashAnyNet);

void PrintDraw(benchmark::State& state) {
  const std::vector<Draw> draws = AnyNetDraws();
  for (auto _ : state) {
    for (const Draw& draw : draws) benchmark::DoNotOptimize(DrawLine(draw));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(draws.size()));
}
BENCHMARK(PrintDraw);

// Stages from parameters spread like those of the space RegNetX; most of them make no RegNet.
void MakeRegNetStages(benchmark::State& state) {
  RandomStream random(StreamKey(1, "benchmark"), 0);
  std::vector<RegNetParameters> parameters(1000);
  for (RegNetParameters& drawn : parameters) {
    drawn.depth = 1 + static_cast<int>(random.Below(63));
    drawn.w0 = 8 * static_cast<double>(1 + random.Below(32));
    drawn.wa = 8 + static_cast<double>(random.Below(2481)) / 10;
    drawn.wm = 1.5 + static_cast<double>(random.Below(1501)) / 1000;
  }
  std::array<Stage, kMaxStages> stages;
  int count = 0;
  for (auto _ : state) {
    for (const RegNetParameters& drawn : parameters) {
      benchmark::DoNotOptimize(RegNetStages(drawn, 4, stages, count));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(parameters.size()));
}
BENCHMARK(MakeRegNetStages);

}  // namespace
}  // namespace dse
