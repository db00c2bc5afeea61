#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/training/training_job.h"
#include "tests/runner/training/fake_engine.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"
#include "tests/support/toy_dataset.h"

namespace dse {

// A training of two epochs of three batches, each tested on two, on a fake engine: everything that
// can be changed about it, and what came of it.
class ToyTraining {
 public:
  ToyTraining();

  // Trains until so many questions whether to stop were asked; on a new engine of `script`, the
  // checkpoint and weights of before stay. Calls of before are forgotten.
  TrainingResult Run(int stop_at = -1);

  FakeScript script;
  Recipe recipe;
  Model model = TinyModel("X");
  ToyDataset data{24, 10};
  bool keeps_files = true;
  bool beside_others = false;
  std::function<bool(const std::function<void()>&)> publish;

  // Of the last Run.
  std::vector<EpochRecord> reports;
  std::vector<std::string> warnings;
  int asked = 0;

  std::string checkpoint() const { return folder_ / "run.checkpoint"; }
  std::string weights() const { return folder_ / "run.safetensors"; }
  // What the reports say, but times.
  std::vector<double> Numbers() const;

 private:
  TempFolder folder_;
};

// The bytes of a file; "" where there is none.
std::string BytesOf(const std::string& path);

}  // namespace dse
