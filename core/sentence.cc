#include "core/sentence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace dse {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

std::string CommonSentence(const std::string& message) {
  std::string common;
  for (auto at = message.begin(); at != message.end();) {
    const auto end = IsWord(*at) ? std::find_if_not(at, message.end(), IsWord) : at + 1;
    common += std::any_of(at, end, IsDigit) ? "#" : std::string(at, end);
    at = end;
  }
  return common;
}

std::string CountOf(int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace dse
