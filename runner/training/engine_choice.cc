#include "runner/training/engine_choice.h"

#include "core/error.h"

namespace dse {

Engine* FindEngine(const Engines& engines, const Model& model, const Recipe& recipe) {
  for (const std::unique_ptr<Engine>& engine : engines) {
    if (engine->Supports(model, recipe).supported) return engine.get();
  }
  return nullptr;
}

Engine& ChooseEngine(const Engines& engines, const Model& model, const Recipe& recipe) {
  if (Engine* const engine = FindEngine(engines, model, recipe)) return *engine;
  std::string text = "no engine trains network '" +
                     (model.name.empty() ? ModelHash(model) : model.name) +
                     "' with this recipe on " + engines.front()->device().Name();
  const char* separator = ": ";
  for (const std::unique_ptr<Engine>& engine : engines) {
    text += separator + engine->info().Text() + " has no " + engine->Supports(model, recipe).reason;
    separator = "; ";
  }
  throw Error(text);
}

}  // namespace dse
