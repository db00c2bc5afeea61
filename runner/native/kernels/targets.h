#pragma once

#include <string>
#include <vector>

namespace dse {

// Instruction sets that this processor has and the kernels are built for, as Highway calls them
// ("AVX3", "AVX2"), best first.
std::vector<std::string> KernelTargets();

// While it lives, kernels are made for a target of KernelTargets(), not for the best one; passes
// over rows use it. For tests and benchmarks: one at a time, while no other thread makes kernels.
class ScopedKernelTarget {
 public:
  explicit ScopedKernelTarget(const std::string& name);
  ~ScopedKernelTarget();
  ScopedKernelTarget(const ScopedKernelTarget&) = delete;
  ScopedKernelTarget& operator=(const ScopedKernelTarget&) = delete;
};

}  // namespace dse
