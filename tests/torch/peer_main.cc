#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "runner/torch/probes.h"

// What tests/peers compares with PyTorch in Python. Does what is asked on standard input, a request
// a line with tabs between its words, and answers each with a line, "done":
//   init MODEL.json SEED torchvision|timm OUT.safetensors
//     writes the initial weights under the library's names
//   run MODEL.json WEIGHTS.safetensors BATCHES.safetensors RECIPE.json OUT.safetensors
//     reads weights and `images` [steps, n, 3, r, r], and writes `eval` and `train`, the logits of
//     the first batch in both modes; with `labels` [steps, n] also `losses` [steps] of training
//     with the recipe, one batch a step at its own lr; all in the weights' type.
namespace dse {
namespace {

void Answer(const std::vector<std::string>& words) {
  const bool init = words.size() == 5 && words[0] == "init";
  if (!init && !(words.size() == 6 && words[0] == "run")) {
    throw Error("a request is init or run with its files, see peer_main.cc");
  }
  const Model model = ParseModel(ParseJson(ReadFile(words[1]), words[1]), words[1]);
  if (init) {
    probe::WriteInitialWeights(model, std::stoull(words[2]),
                               words[3] == "timm" ? WeightNames::kTimm : WeightNames::kTorchvision,
                               words[4]);
  } else {
    probe::RunPeer(model, LoadRecipe(words[4]), words[2], words[3], words[5]);
  }
}

}  // namespace
}  // namespace dse

int main() {
  try {
    for (std::string line; std::getline(std::cin, line);) {
      std::vector<std::string> words;
      std::istringstream rest(line);
      for (std::string word; std::getline(rest, word, '\t');) words.push_back(word);
      dse::Answer(words);
      std::cout << "done" << std::endl;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dse_torch_peer: %s\n", error.what());
    return 1;
  }
  return 0;
}
