#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/json.h"
#include "runner/trainer.h"

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
    const auto trainer = dse::MakeTorchTrainer(options);
    const double rate = trainer->MeasureStep(model, recipe, std::atoi(argv[4]));
    std::printf("{\"variant\": \"dse\", \"img_per_s\": %.1f}\n", rate);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dse_train_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
