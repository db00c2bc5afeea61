#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/training/engine.h"
#include "runner/training/recipe.h"

namespace dse {

// Engines for one device, the one that is taken first in front.
using Engines = std::vector<std::unique_ptr<Engine>>;

// The first engine that trains the network with the recipe; nullptr where none does.
Engine* FindEngine(const Engines& engines, const Model& model, const Recipe& recipe);

// The same, but throws Error where none does: "no engine trains network 'regnetx-200mf' with this
// recipe on cpu: native 1.0 has no block MBConv; ...".
Engine& ChooseEngine(const Engines& engines, const Model& model, const Recipe& recipe);

}  // namespace dse
