#include "core/draw.h"

#include <nlohmann/json.hpp>

#include "core/object_writer.h"

namespace dse {
void AppendOverrides(const Overrides& overrides, std::string& text) {
  ObjectWriter object(text);
  if (overrides.lr) object.Real("lr", *overrides.lr);
  if (overrides.weight_decay) object.Real("weight_decay", *overrides.weight_decay);
  object.Close();
}

Json OverridesToJson(const Overrides& overrides) {
  std::string text;
  AppendOverrides(overrides, text);
  return Json::parse(text);
}

Overrides ParseOverrides(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Overrides overrides;
  if (reader.Find("lr")) overrides.lr = reader.Real("lr", kMinLr, kMaxLr);
  if (reader.Find("weight_decay"))
    overrides.weight_decay = reader.Real("weight_decay", 0, kMaxWeightDecay);
  reader.Finish();
  return overrides;
}

}  // namespace dse
