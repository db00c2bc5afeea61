#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dse {

// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// The first 8 bytes of the SHA-256 of `bytes`, most significant first: keys for random streams.
uint64_t Sha256Word(std::string_view bytes);

// Natural keys of rows and names of models are the first 16 digits of the SHA-256.
inline constexpr int kHashDigits = 16;
std::string ShortHash(std::string_view bytes);

}  // namespace dse
