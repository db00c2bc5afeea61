#include "core/printable.h"

#include <cstdint>
#include <cstdio>

namespace dse {
namespace {

// A character at the start of a text.
struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: what stands there is not UTF-8
};

// The length that a lead byte announces; 0 for none.
size_t BytesOf(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

Character FirstOf(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t bytes = BytesOf(lead);
  if (bytes <= 1) return {lead, bytes};
  if (text.size() < bytes) return {};
  uint32_t code = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < kLowest[bytes] || code > 0x10FFFF || surrogate) return {};
  return {code, bytes};
}

bool IsShown(uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
  // Marks of direction, and the breaks of lines and paragraphs.
  return !(code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069));
}

std::string EscapeOf(uint32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  char text[16];
  std::snprintf(text, sizeof text, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
  return text;
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const auto [code, bytes] = FirstOf(text);
    const bool whole = bytes > 0 && IsShown(code);
    const size_t length = bytes > 0 ? bytes : 1;
    if (whole) {
      shown += text.substr(0, length);
    } else {
      shown += EscapeOf(bytes > 0 ? code : static_cast<unsigned char>(text.front()));
    }
    text.remove_prefix(length);
  }
  return shown;
}

}  // namespace dse
