#include "core/hash.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

#include "core/error.h"

namespace dse {
namespace {

using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

Digest Sha256(std::string_view bytes) {
  Digest digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

std::string ToHex(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void Check(int status) {
  if (status != 1) throw Error("internal: OpenSSL's SHA-256 failed");
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) { return ToHex(Sha256(bytes)); }

std::string Sha256Base64(std::string_view bytes) {
  const Digest digest = Sha256(bytes);
  std::array<uint8_t, 4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1> text;
  const int size = EVP_EncodeBlock(text.data(), digest.data(), SHA256_DIGEST_LENGTH);
  return {text.begin(), text.begin() + size};
}

void Sha256Stream::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  Check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256Stream::Add(std::string_view bytes) {
  Check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256Stream::Hex() {
  Digest digest;
  Check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
  return ToHex(digest);
}

uint64_t Sha256Word(std::string_view bytes) {
  const Digest digest = Sha256(bytes);
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) word = word << 8 | digest[i];
  return word;
}

std::string ShortHash(std::string_view bytes) { return Sha256Hex(bytes).substr(0, kHashDigits); }

}  // namespace dse
