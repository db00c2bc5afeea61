#include "db/exchange/export_pages.h"

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "db/rows/member_rows.h"

namespace dse {

Model StoredModel(const std::string& spec, const std::optional<std::string>& name,
                  const std::optional<std::string>& parameters, const std::string& path) {
  Model model = ParseModel(ParseJson(spec, path + ": a model"), path + ": a model");
  if (name) model.name = *name;
  if (parameters) model.regnet = ParseDrawnParameters(*parameters, path);
  return model;
}

}  // namespace dse
