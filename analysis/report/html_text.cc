#include "analysis/report/html_text.h"

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"
#include "core/object_writer.h"

namespace dse {
namespace {

constexpr char kReplacement[] = "\xef\xbf\xbd";  // U+FFFD

std::string DumpReplacing(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string HtmlText(std::string_view text) {
  if (!IsUtf8(text)) return HtmlText(Json::parse(DumpReplacing(text)).get<std::string>());
  std::string html;
  html.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool control = (byte < ' ' && c != '\n' && c != '\t') || byte == 0x7f;
        if (control) {
          html += kReplacement;
        } else {
          html += c;
        }
      }
    }
  }
  return html;
}

std::string ScriptJson(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    const std::string_view three = json.substr(i, 3);
    if (json[i] == '<') {
      text += "\\u003c";
    } else if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9") {
      text += three.back() == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      text += json[i];
    }
  }
  return text;
}

void AppendJsonText(std::string_view text, std::string& json) {
  if (IsUtf8(text)) {
    ObjectWriter::AppendText(text, json);
  } else {
    json += DumpReplacing(text);
  }
}

std::string CspHash(std::string_view content) { return "'sha256-" + Sha256Base64(content) + "'"; }

}  // namespace dse
