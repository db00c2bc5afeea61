#include "runner/native/kernels/targets.h"

#include <hwy/highway.h>

namespace dse {

namespace {

std::vector<std::string> SupportedNames() {
  std::vector<std::string> names;
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    names.push_back(hwy::TargetName(target));
  }
  return names;
}

}  // namespace

std::vector<std::string> KernelTargets() {
  // Asked once: Highway's answer is what a ScopedKernelTarget changes.
  static const std::vector<std::string> names = SupportedNames();
  return names;
}

ScopedKernelTarget::ScopedKernelTarget(const std::string& name) {
  KernelTargets();
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (name != hwy::TargetName(target)) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    return;
  }
}

ScopedKernelTarget::~ScopedKernelTarget() {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace dse
