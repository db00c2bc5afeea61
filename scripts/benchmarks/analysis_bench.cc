#include <benchmark/benchmark.h>

#include <vector>

#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/refined_fit.h"
#include "analysis/statistics/best_value.h"
#include "analysis/statistics/kolmogorov_smirnov.h"
#include "core/regnet.h"
#include "core/rng.h"

namespace dse {
namespace {

// AnyNet-like networks with `depth` blocks in four stages.
std::vector<std::vector<int>> RandomNetworks(size_t depth) {
  std::vector<std::vector<int>> networks;
  RandomStream random(StreamKey(1, "fit benchmark"), 0);
  for (int i = 0; i < 50; ++i) {
    std::vector<int> widths(depth);
    int width = 0;
    for (size_t j = 0; j < depth; ++j) {
      if (j % (depth / 4) == 0) width = 8 * static_cast<int>(1 + random.Below(128));
      widths[j] = width;
    }
    networks.push_back(widths);
  }
  return networks;
}

// The default-grid fit. Items are networks.
void FitNetwork(benchmark::State& state) {
  const auto networks = RandomNetworks(static_cast<size_t>(state.range(0)));
  benchmark::DoNotOptimize(FitQuantizedLinear(networks.front()));  // builds the shared table
  for (auto _ : state) {
    for (const std::vector<int>& widths : networks) {
      benchmark::DoNotOptimize(FitQuantizedLinear(widths));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(networks.size()));
}
BENCHMARK(FitNetwork)->Arg(12)->Arg(20)->Arg(40);

// The band of one property of 500 models; range(0) tells the method. Items are bands.
void FindBestValue(benchmark::State& state) {
  const auto method = state.range(0) == 0 ? BandMethod::kExact : BandMethod::kMonteCarlo;
  RandomStream random(StreamKey(1, "best value benchmark"), 0);
  std::vector<double> values;
  std::vector<double> errors;
  for (int i = 0; i < 500; ++i) {
    values.push_back(static_cast<double>(1 + random.Below(40)));
    errors.push_back(random.Uniform(30, 60));
  }
  for (auto _ : state) benchmark::DoNotOptimize(BestValue(values, errors, method, 1));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(FindBestValue)->Arg(0)->Arg(1);

// The exact test of two samples of `n` errors without ties, shifted against each other so that the
// statistic is about `range(1)` thousandths.
void TestKolmogorovSmirnovExactly(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(0));
  const double shift = static_cast<double>(n) * static_cast<double>(state.range(1)) / 1000;
  std::vector<double> a;
  std::vector<double> b;
  for (size_t i = 0; i < n; ++i) {
    a.push_back(static_cast<double>(i));
    b.push_back(static_cast<double>(i) + shift + 0.5);
  }
  for (auto _ : state) benchmark::DoNotOptimize(TestKolmogorovSmirnov(a, b));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(TestKolmogorovSmirnovExactly)
    ->Args({500, 86})  // p about 5%
    ->Args({3000, 5})
    ->Args({3000, 35})  // p about 5%
    ->Args({3000, 500});

// The fit over continuous parameters, the grid's not counted. Items are networks.
void RefineFit(benchmark::State& state) {
  const auto networks = RandomNetworks(static_cast<size_t>(state.range(0)));
  std::vector<Fit> starts;
  for (const std::vector<int>& widths : networks) starts.push_back(FitQuantizedLinear(widths));
  for (auto _ : state) {
    for (size_t i = 0; i < networks.size(); ++i) {
      benchmark::DoNotOptimize(RefineQuantizedLinear(networks[i], starts[i]));
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(networks.size()));
}
BENCHMARK(RefineFit)->Arg(12)->Arg(20)->Arg(40)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dse
