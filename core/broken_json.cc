#include "core/broken_json.h"

#include <algorithm>

namespace dse {
namespace {

// "LINE:COLUMN" of a byte, both from 1.
std::string Position(std::string_view text, size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return std::to_string(line) + ":" + std::to_string(before.size() - line_start + 1);
}

}  // namespace

Error BrokenJson(std::string_view text, const std::string& source, size_t stopped) {
  const size_t byte = stopped > 0 ? stopped - 1 : 0;
  return Error(
      source + ":" + Position(text, byte) +
      (byte >= text.size() ? ": the JSON document ends too early" : ": not valid JSON here"));
}

}  // namespace dse
