#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "core/json.h"
#include "runner/torch/probes.h"

// What tests/peers compares with PyTorch in Python:
//   dse_torch_peer init MODEL.json SEED torchvision|timm OUT.safetensors
//     writes the initial weights under the library's names
//   dse_torch_peer run MODEL.json WEIGHTS.safetensors BATCHES.safetensors RECIPE.json
//   OUT.safetensors
//     reads weights and `images` [steps, n, 3, r, r], and writes `eval` and `train`, the logits of
//     the first batch in both modes; with `labels` [steps, n] also `losses` [steps] of training
//     with the recipe, one batch a step at its own lr; all in the weights' type.
int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (!(mode == "init" && argc == 6) && !(mode == "run" && argc == 7)) {
    std::fprintf(stderr, "usage: dse_torch_peer init|run ..., see peer_main.cc\n");
    return 2;
  }
  try {
    const dse::Model model =
        dse::ParseModel(dse::ParseJson(dse::ReadFile(argv[2]), argv[2]), argv[2]);
    if (mode == "init") {
      const bool timm = std::string(argv[4]) == "timm";
      dse::probe::WriteInitialWeights(
          model, std::strtoull(argv[3], nullptr, 10),
          timm ? dse::WeightNames::kTimm : dse::WeightNames::kTorchvision, argv[5]);
    } else {
      dse::probe::RunPeer(model, dse::LoadRecipe(argv[5]), argv[3], argv[4], argv[6]);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dse_torch_peer: %s\n", error.what());
    return 1;
  }
  return 0;
}
