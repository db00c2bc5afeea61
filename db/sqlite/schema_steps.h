#pragma once

#include <cstdint>
#include <string>

namespace dse {

// SQL that takes a file of schema `version` (1 and later) to the next. Steps that shipped are never
// edited: what changes is a new step.
std::string LaterSchemaStep(int64_t version);

}  // namespace dse
