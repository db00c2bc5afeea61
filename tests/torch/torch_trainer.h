#pragma once

#include <memory>
#include <utility>

#include "runner/torch/torch_engine.h"
#include "runner/training/engine_trainer.h"

namespace dse {

// Trains on LibTorch alone, without the module.
inline std::unique_ptr<Trainer> MakeLibTorchTrainer(const TrainerOptions& options) {
  Engines engines;
  engines.push_back(MakeTorchEngine(options));
  return std::make_unique<EngineTrainer>(std::move(engines));
}

}  // namespace dse
