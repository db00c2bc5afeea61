#pragma once

#include <string>

#include "analysis/report/report.h"

namespace dse {

// The report as one HTML file of about 1 MB that opens offline: prose, tables that sort, charts
// drawn when they come into view, with their numbers as tables for readers without scripts. Its
// content security policy allows the scripts and the style it was written with and nothing else: no
// network, no eval, no style in markup (drawings must use attributes, not style="..." or <style>).
// Readable on paper and in dark mode. In a layered chart the first layer gives the legend its look
// and takes its clicks: curves and their selection come before bands. Equal reports give equal
// bytes. Throws Error where CheckReport does.
std::string RenderHtml(const Report& report);

}  // namespace dse
