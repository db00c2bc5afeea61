#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json.h"
#include "runner/trainers.h"
#include "runner/work/spread.h"

// dse_train_bench MODEL.json BATCH THREADS STEPS: training images a second of the LibTorch trainer
// on one fixed random batch, as a JSON line.
int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: dse_train_bench MODEL.json BATCH THREADS STEPS\n");
    return 2;
  }
  try {
    const dse::Model model =
        dse::ParseModel(dse::ParseJson(dse::ReadFile(argv[1]), argv[1]), argv[1]);
    dse::Recipe recipe;
    recipe.batch_size = std::atoi(argv[2]);
    dse::TrainerOptions options;
    options.device = "cpu";
    options.threads = std::atoi(argv[3]);
    const auto meter = dse::MakeMeter(options);
    const std::vector<double> times = meter->MeasureSteps(
        {model, recipe, /*training=*/true, recipe.batch_size, std::max(1, std::atoi(argv[4]))});
    std::printf("{\"variant\": \"dse\", \"img_per_s\": %.1f}\n",
                1000 * recipe.batch_size / dse::MeasureSpread(times).median);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dse_train_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
