#pragma once

#include "runner/native/step_plan.h"

namespace dse::native {

// Into how many bands of rows a layer is cut if its kernels read what lies beside them; 1 leaves
// images whole. Layers with values that are more than a part of the L2 cache are cut as far as
// bands have enough pixels to use each weight often, and enough rows where rows beside them are
// read too: equally, each band of whole rows of every convolution. Not cut are those that read a
// value made of a whole image, and convolutions over 1x1 that read a join.
int MostBands(const StepPlan& plan, const LayerStep& layer);

}  // namespace dse::native
