#include "tests/runner/training/toy_training.h"

#include <fstream>
#include <sstream>
#include <utility>

#include "runner/training/engine_trainer.h"

namespace dse {

ToyTraining::ToyTraining() {
  recipe.epochs = 2;
  recipe.batch_size = 8;
  recipe.lr = 1.6;  // 0.1 for batches of 8
  recipe.augment = Augment::kNone;
  recipe.precise_bn_images = 16;
  recipe.ema_decay = 0.5;
}

TrainingResult ToyTraining::Run(int stop_at) {
  script.calls.clear();
  reports.clear();
  warnings.clear();
  asked = 0;
  TrainingHooks hooks;
  hooks.should_stop = [&] { return asked++ == stop_at; };
  hooks.on_epoch = [&](const EpochRecord& report) { reports.push_back(report); };
  hooks.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  hooks.publish = publish;
  TrainingJob job{model, recipe, data, 4};
  job.beside_others = beside_others;
  if (keeps_files) job.files = {checkpoint(), weights()};
  Engines engines;
  engines.push_back(MakeFakeEngine(script));
  return EngineTrainer(std::move(engines)).Train(job, hooks);
}

std::vector<double> ToyTraining::Numbers() const {
  std::vector<double> numbers;
  for (const EpochRecord& report : reports) {
    numbers.insert(numbers.end(), {double(report.epoch), report.lr, *report.train_loss,
                                   *report.train_error, *report.test_loss, *report.test_error});
  }
  return numbers;
}

std::string BytesOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace dse
