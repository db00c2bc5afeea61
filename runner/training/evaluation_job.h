#pragma once

#include <cstdint>
#include <string>

#include "core/model.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"
#include "runner/training/recipe.h"

namespace dse {

// A network with kept weights, to be tested.
struct EvaluationJob {
  const Model& model;
  const Recipe& recipe;     // batch_size, precision and test_images of it
  const Dataset& data;      // its test split alone is read
  const ClassMap& classes;  // which outputs the data's classes are
  std::string weights;      // safetensors that a training kept
};

// Where the data have some of the network's classes, its answer is the largest output among these,
// and the loss is that of the softmax over these.
struct EvaluationResult {
  double error = 0;  // top-1 percent
  double loss = 0;   // mean cross entropy
  int64_t images = 0;
};

}  // namespace dse
