#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/model.h"
#include "runner/data/dataset.h"
#include "runner/training/evaluation_job.h"
#include "runner/training/recipe.h"

namespace dse::probe {

// Like runner/torch/probes.h: torch-free questions, about what differs between devices and
// precisions.

// One parameter w = 1 and its average 5 after a step with gradient 1 by the kernel that GPUs use,
// run on the CPU.
struct FusedStep {
  double value = 0;
  double average = 0;
};
FusedStep FusedSgdStep(const Recipe& recipe, double lr);

// Logits of a new network for random images, its convolutions in bf16, and how far they are from
// the nearest bf16 numbers at most.
struct Bf16Logits {
  bool full_precision = false;  // their type is float
  double distance = 0;
  double largest = 0;
};
Bf16Logits LogitsInBf16(const Model& model, int images);

// TF32, of the whole process.
bool Tf32Allowed();
void AllowTf32(bool allowed);

// The most images that a convolution has seen at once in `body`.
int64_t LargestConvolution(const std::function<void()>& body);

// What EngineTrainer::Evaluate does on one CPU thread, each batch in parts.
EvaluationResult EvaluateInParts(const EvaluationJob& job, int parts);

}  // namespace dse::probe
