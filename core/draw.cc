#include "core/draw.h"

namespace dse {
namespace {
constexpr double kMaxRate = 1e6;
}

Json OverridesToJson(const Overrides& overrides) {
  Json json = Json::object();
  if (overrides.lr) json["lr"] = Number(*overrides.lr);
  if (overrides.weight_decay) json["weight_decay"] = Number(*overrides.weight_decay);
  return json;
}

Overrides ParseOverrides(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Overrides overrides;
  if (reader.Find("lr")) overrides.lr = reader.Real("lr", 0, kMaxRate);
  if (reader.Find("weight_decay"))
    overrides.weight_decay = reader.Real("weight_decay", 0, kMaxRate);
  reader.Finish();
  return overrides;
}

}  // namespace dse
