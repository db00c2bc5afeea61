#pragma once

#include <span>

#include "db/populations.h"
#include "runner/training/recipe.h"
#include "runner/training/trainer.h"

namespace dse {

// Makes a trainer once, in a process of its own that then ends: the caller never loads what trains
// networks, and forks workers afterwards. Throws Error, the worker's fault, with the reason if it
// cannot be made, or if the engine that one of the networks goes to has no such precision. SIGINT
// and SIGTERM end the check; whoever counts them (StopSignals) learns of it.
void CheckTrainer(const TrainerFactory& factory, const TrainerOptions& options,
                  std::span<const StoredMember> members, const Recipe& recipe);

}  // namespace dse
