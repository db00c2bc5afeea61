#pragma once

#include <cstdint>
#include <vector>

#include "runner/native/float_array.h"
#include "runner/training/network_plan.h"

namespace dse::native {

// All that a network learns, one parameter behind another as the plan numbers them, row-major; each
// begins at a multiple of 64 bytes, what lies between them is 0 and stays so.
class Parameters {
 public:
  // With first values. The plan must outlive it. Without `learns` there are no gradients.
  Parameters(const NetworkPlan& plan, uint64_t seed, bool learns);

  size_t count() const { return offsets_.size(); }
  size_t floats() const { return values_.size(); }  // of an array that lies beside the values
  size_t offset(int number) const { return offsets_[static_cast<size_t>(number)]; }
  const ParameterPlan& plan(int number) const { return plan_.parameters[number]; }

  float* value(int number) { return values_.data() + offset(number); }
  float* gradient(int number) { return gradients_.data() + offset(number); }
  FloatArray& values() { return values_; }
  FloatArray& gradients() { return gradients_; }

 private:
  const NetworkPlan& plan_;
  std::vector<size_t> offsets_;
  FloatArray values_;
  FloatArray gradients_;
};

}  // namespace dse::native
