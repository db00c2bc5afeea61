#pragma once

#include <algorithm>
#include <string>

#include "core/rng.h"

namespace dse {

// One to five changes of a few bytes.
inline std::string Mutated(std::string text, RandomStream& random) {
  const auto below = [&](size_t n) { return static_cast<size_t>(random.Below(n)); };
  for (size_t i = 0; i <= below(5); ++i) {
    const size_t at = below(text.size());
    const size_t length = 1 + below(12);
    constexpr const char* kPieces[] = {
        "NaN", "-Infinity", "null", "1e999", "-1", "[]", "{}", "\"", "18446744073709551615",
        ",",   "]",         "}",    "0.5",   ":"};
    switch (random.Below(5)) {
      case 0:
        text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        text.insert(at, text.substr(below(text.size()), 8 * length));
        break;
      case 3:
        text.replace(at, 1 + below(4), kPieces[below(std::size(kPieces))]);
        break;
      default: {
        // A number in place of another, which keeps the document whole.
        const size_t digit = text.find_first_of("0123456789", at);
        if (digit == text.npos) break;
        const size_t end = std::min(text.find_first_not_of("0123456789.", digit), text.size());
        text.replace(digit, end - digit, kPieces[below(std::size(kPieces))]);
      }
    }
    if (text.empty()) return text;
  }
  return text;
}

}  // namespace dse
