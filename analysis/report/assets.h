#pragma once

#include <string_view>

namespace dse {

// Files that lie in the program as read-only data; nothing is read or copied at start.

std::string_view VegaBundle();         // vega, vega-lite and vega-embed, an ES module
std::string_view ReportScript();       // report.js, an ES module that draws and sorts
std::string_view ReportStyle();        // report.css
std::string_view ReportTheme();        // theme.json, the look of charts
std::string_view ThirdPartyNotices();  // licences of what the bundle holds

}  // namespace dse
