#pragma once

#include <string>

#include "core/result.h"

namespace dse {

// The state a column holds; the file's own CHECK leaves no other word.
RunState StoredState(const std::string& text);

}  // namespace dse
