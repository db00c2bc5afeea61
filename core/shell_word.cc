#include "core/shell_word.h"

#include <cstdio>
#include <string_view>

#include "core/printable.h"

namespace dse {
namespace {

bool IsPlain(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,+@";
  return !word.empty() && word.find_first_not_of(kPlain) == std::string::npos;
}

std::string Escape(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\'' || c == '\\') return std::string("\\") + c;
  if (byte >= 0x20 && byte < 0x7f) return std::string(1, c);
  char text[8];
  std::snprintf(text, sizeof text, "\\%03o", byte);
  return text;
}

}  // namespace

std::string ShellWord(const std::string& word) {
  if (IsPlain(word)) return word;
  const bool shown = Printable(word) == word;
  std::string text = shown ? "'" : "$'";
  for (const char c : word) {
    if (!shown && c == '\0') break;
    text += !shown ? Escape(c) : c == '\'' ? "'\\''" : std::string(1, c);
  }
  return text + "'";
}

std::string ShellOption(const std::string& option, const std::string& value) {
  return option + (value.starts_with('-') ? "=" : " ") + ShellWord(value);
}

}  // namespace dse
