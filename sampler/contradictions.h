#pragma once

#include <string>

#include "sampler/compiled_space.h"
#include "sampler/space_spec.h"

namespace dse {

// Throws Error (starting with `where`) if no network of the space can keep its orders of widths and
// depths and its bounds on depth and stages, or no listed model keeps its constraints: such a space
// would be drawn from in vain. Bounds on params and acts are not looked at, nor orders across
// tables too large to list.
void RefuseContradictions(const SpaceSpec& spec, const CompiledSpace& space,
                          const std::string& where);

}  // namespace dse
