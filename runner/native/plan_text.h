#pragma once

#include <string>

#include "core/model.h"
#include "runner/native/step_plan.h"

namespace dse::native {

// A plan for people: what it needs of memory, then a line for each phase with what it reads and
// makes (height x width x channels), the bytes an image that it leaves to later phases,
// multiply-adds an image, and the kernels.
std::string PlanText(const StepPlan& plan);
// The same of a training step on `images` images.
std::string PlanText(const Model& model, int images);

}  // namespace dse::native
