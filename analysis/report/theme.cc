#include "analysis/report/theme.h"

#include <nlohmann/json.hpp>

#include "analysis/report/assets.h"

namespace dse {

Json LightTheme() {
  const Json theme = ParseJson(ReportTheme(), "theme.json");
  Json config = theme.at("common");
  config.merge_patch(theme.at("light"));
  return config;
}

}  // namespace dse
