#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/error.h"

namespace dse {

// What is said of a text that a JSON parser stopped in, at a byte counted from 1:
// "SOURCE:LINE:COLUMN: not valid JSON here".
Error BrokenJson(std::string_view text, const std::string& source, size_t stopped);

}  // namespace dse
