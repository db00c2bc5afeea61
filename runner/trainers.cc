#include "runner/trainers.h"

#include <utility>

#include "runner/torch_module.h"
#include "runner/training/engine_trainer.h"

namespace dse {

std::unique_ptr<Trainer> MakeTrainer(const TrainerOptions& options) {
  Engines engines;
  engines.push_back(OpenTorchEngine(options));
  return std::make_unique<EngineTrainer>(std::move(engines));
}

std::vector<GpuIdentity> ListGpus() { return ListTorchGpus(); }

std::unique_ptr<Meter> MakeMeter(const TrainerOptions& options) { return OpenTorchMeter(options); }

}  // namespace dse
