#include "analysis/report/assets.h"

// From assets.S.in.
extern "C" {
extern const char dse_asset_vega_bundle[], dse_asset_vega_bundle_end[];
extern const char dse_asset_report_script[], dse_asset_report_script_end[];
extern const char dse_asset_report_style[], dse_asset_report_style_end[];
extern const char dse_asset_report_theme[], dse_asset_report_theme_end[];
extern const char dse_asset_report_notices[], dse_asset_report_notices_end[];
}

namespace dse {
namespace {

std::string_view Between(const char* begin, const char* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

}  // namespace

std::string_view VegaBundle() { return Between(dse_asset_vega_bundle, dse_asset_vega_bundle_end); }

std::string_view ReportScript() {
  return Between(dse_asset_report_script, dse_asset_report_script_end);
}

std::string_view ReportStyle() {
  return Between(dse_asset_report_style, dse_asset_report_style_end);
}

std::string_view ReportTheme() {
  return Between(dse_asset_report_theme, dse_asset_report_theme_end);
}

std::string_view ThirdPartyNotices() {
  return Between(dse_asset_report_notices, dse_asset_report_notices_end);
}

}  // namespace dse
