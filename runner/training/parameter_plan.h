#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dse {

// What a parameter is, for weight decay.
enum class ParameterKind { kWeight, kNorm, kBias };

// How a parameter's first values are drawn.
struct Initialization {
  enum class Law { kConstant, kNormal, kUniform };
  Law law = Law::kConstant;
  double scale = 0;  // the constant; the deviation around 0; the bound on both sides of 0
};

// A learned tensor.
struct ParameterPlan {
  std::string name;  // "trunk_output.block1.block1-0.f.a.0.weight", see network_plan.h
  ParameterKind kind = ParameterKind::kWeight;
  std::vector<int64_t> shape;
  Initialization initialization;

  int64_t elements() const;
};

// Writes the first values of a parameter, row-major; `values` has its elements(), `number` is its
// place in the network's list. A function of the seed, of that number and of the initialization
// alone, drawn with our own generator: the same on every engine, device and number of threads.
void DrawParameter(const ParameterPlan& parameter, int number, uint64_t seed,
                   std::span<float> values);

}  // namespace dse
