#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"

namespace dse {

// Names of the networks of the paper that are known by name ("regnetx-400mf", "resnet-50", ...), in
// the order of its tables.
const std::vector<std::string>& ModelNames();

// The network with that name at 224 px and 1000 classes; case, '-' and '_' are ignored. Throws
// Error with the nearest name for one it does not know.
Model NamedModel(std::string_view name);

// Lower case without '-' and '_': how names of models and spaces are compared.
std::string CanonicalName(std::string_view name);

}  // namespace dse
