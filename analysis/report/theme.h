#pragma once

#include "core/json.h"

namespace dse {

// The Vega-Lite config of charts on white: what theme.json has in common, and its light colours.
// The page of html_report.h uses the same file for both light and dark.
Json LightTheme();

}  // namespace dse
