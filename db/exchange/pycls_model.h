#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "core/model.h"

namespace dse {

// Either `model` or the reason why it is no network of ours.
struct PyclsModel {
  std::optional<Model> model;
  std::string why_not;
};
// The resolved network of a configuration of type anynet, regnet or effnet; absent keys have the
// defaults of pycls. A RegNet has its parameters, also one that pycls wrote out as an AnyNet.
PyclsModel ModelOfPycls(const Json& config);

}  // namespace dse
