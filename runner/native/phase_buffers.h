#pragma once

#include "runner/native/step_plan.h"

namespace dse::native {

// Lists what the phases of a plan's layers read and write, after buffers have been placed.
void ListPhaseBuffers(StepPlan& plan);

}  // namespace dse::native
