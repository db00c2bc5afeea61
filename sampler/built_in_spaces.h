#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/json.h"

namespace dse {

struct BuiltInSpace {
  std::string name;  // as listed
  Json document;
};

// The space of that name; case, '-' and '_' are ignored. Nothing where there is none.
std::optional<BuiltInSpace> FindBuiltInSpace(std::string_view name);

}  // namespace dse
