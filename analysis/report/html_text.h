#pragma once

#include <string>
#include <string_view>

namespace dse {

// Text for HTML content and quoted attributes: & < > " ' as entities; bytes that are not UTF-8 and
// control characters other than newline and tab as U+FFFD.
std::string HtmlText(std::string_view text);

// JSON that may stand in a <script> element: '<' and the line separators U+2028 and U+2029, which
// occur in strings only, as \u escapes.
std::string ScriptJson(std::string_view json);

// Appends `text` as a JSON string, bytes that are not UTF-8 as U+FFFD.
void AppendJsonText(std::string_view text, std::string& json);

// A source of Content-Security-Policy that allows exactly this inline script or style.
std::string CspHash(std::string_view content);

}  // namespace dse
