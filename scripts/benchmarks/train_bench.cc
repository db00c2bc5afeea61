// What scripts/bench train measures of dse, as a JSON line:
//   dse_train_bench step MODEL.json BATCH THREADS STEPS ENGINE
//     images a second of training steps on one random batch, and their memory
//   dse_train_bench peak THREADS
//     what the cores do at best
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "runner/native/kernels/peak.h"
#include "runner/torch_module.h"
#include "runner/trainers.h"
#include "runner/work/spread.h"

namespace {

// Bytes that the kernel says of this process: "VmRSS", what it has now, "VmHWM", what it had at
// most. Not getrusage(), whose maximum begins with that of the process that started this one.
double MemoryOf(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return 1024 * std::atof(line.c_str() + key.size() + 1);
  }
  throw dse::Error("/proc/self/status does not say " + key);
}

// Seconds that the main thread was ready to run while other programs had the cores; 0 where the
// kernel does not count them.
double WaitedSeconds() {
  std::ifstream file("/proc/self/schedstat");
  double ran = 0, waited = 0;  // ns
  file >> ran >> waited;
  return waited / 1e9;
}

void MeasureTraining(const std::vector<std::string>& words) {
  const std::string& file = words[0];
  const dse::Model model = dse::ParseModel(dse::ParseJson(dse::ReadFile(file), file), file);
  dse::Recipe recipe;
  recipe.batch_size = std::stoi(words[1]);
  dse::TrainerOptions options;
  options.device = "cpu";
  options.threads = std::stoi(words[2]);
  options.engine = words[4];
  const auto meter = dse::MakeMeter(options, recipe.precision);
  const double before = MemoryOf("VmRSS"), waited = WaitedSeconds();
  const dse::Clock::time_point start = dse::Clock::now();
  const std::vector<double> times = meter->MeasureSteps(
      {model, recipe, /*training=*/true, recipe.batch_size, std::max(1, std::stoi(words[3]))});
  const double wait = (WaitedSeconds() - waited) / dse::SecondsSince(start);
  std::printf("{\"img_per_s\": %.3f, \"bytes\": %.0f, \"waited\": %.3f}\n",
              1000 * recipe.batch_size / dse::MeasureSpread(times).median,
              MemoryOf("VmHWM") - before, wait);
}

// The sum over threads that run at once of the best rate each had: of `work`, which says how much
// it did. What other programs take away for a moment does not count.
double BestRate(int threads, int samples, const std::function<double(int thread)>& work) {
  std::vector<double> best(threads);
  {
    std::vector<std::jthread> team;
    for (int t = 0; t < threads; ++t) {
      team.emplace_back([&, t] {
        for (int sample = 0; sample < samples; ++sample) {
          const dse::Clock::time_point start = dse::Clock::now();
          const double done = work(t);
          best[t] = std::max(best[t], done / dse::SecondsSince(start));
        }
      });
    }
  }
  return std::accumulate(best.begin(), best.end(), 0.0);
}

void MeasurePeak(const std::vector<std::string>& words) {
  constexpr long kSteps = 500'000;             // some milliseconds
  constexpr size_t kFloats = size_t{8} << 20;  // beyond the caches of a core
  const int threads = std::stoi(words[0]);
  const double flops =
      BestRate(threads, 100, [](int /*thread*/) { return dse::RunMultiplyAdds(kSteps); });
  const std::vector<std::vector<float>> from(threads, std::vector<float>(kFloats, 1));
  std::vector<std::vector<float>> to = from;
  const double bytes = BestRate(threads, 25, [&](int thread) {
    std::memcpy(to[thread].data(), from[thread].data(), kFloats * sizeof(float));
    return 2.0 * kFloats * sizeof(float);  // read and written
  });
  std::printf("{\"gflops\": %.1f, \"gb_per_s\": %.1f}\n", flops / 1e9, bytes / 1e9);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  dse::LetTorchUseHugePages();
  try {
    if (words.size() == 6 && words[0] == "step") {
      MeasureTraining({words.begin() + 1, words.end()});
    } else if (words.size() == 2 && words[0] == "peak") {
      MeasurePeak({words.begin() + 1, words.end()});
    } else {
      std::fprintf(stderr,
                   "usage: dse_train_bench step MODEL.json BATCH THREADS STEPS ENGINE\n"
                   "       dse_train_bench peak THREADS\n");
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dse_train_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
