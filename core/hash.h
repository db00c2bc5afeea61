#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's

namespace dse {

// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

// The same digest in base 64, 44 characters, as content security policies write it.
std::string Sha256Base64(std::string_view bytes);

// The same over bytes that come in pieces.
class Sha256Stream {
 public:
  Sha256Stream();
  void Add(std::string_view bytes);
  std::string Hex();  // once, at the end

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// The first 8 bytes of the SHA-256 of `bytes`, most significant first: keys for random streams.
uint64_t Sha256Word(std::string_view bytes);

// Natural keys of rows and names of models are the first 16 digits of the SHA-256.
inline constexpr int kHashDigits = 16;
std::string ShortHash(std::string_view bytes);

}  // namespace dse
