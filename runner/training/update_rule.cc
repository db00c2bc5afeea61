#include "runner/training/update_rule.h"

namespace dse {

double WeightDecay(ParameterKind kind, const Recipe& recipe) {
  switch (kind) {
    case ParameterKind::kNorm:
      return recipe.weight_decay_norm.value_or(recipe.weight_decay);
    case ParameterKind::kBias:
      return recipe.weight_decay_bias.value_or(recipe.weight_decay);
    case ParameterKind::kWeight:
      break;
  }
  return recipe.weight_decay;
}

double PartMomentum(const Division& division, int micro_batch) {
  const double parts = division.micro_batches;
  return kNormMomentum / parts / (1 - kNormMomentum * (parts - micro_batch - 1) / parts);
}

}  // namespace dse
