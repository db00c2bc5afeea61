#pragma once

#include "core/json.h"
#include "core/rng.h"

namespace dse {

// A random document of a space, from the whole grammar: types, blocks, frames, every distribution,
// laws by stage, same_as, by_compute, every constraint, `extends`. It is valid but for this: its
// constraints may contradict each other.
Json RandomSpaceDocument(RandomStream& random);

}  // namespace dse
