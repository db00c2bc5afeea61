#include "core/hash.h"

#include <catch2/catch.hpp>

namespace dse::hash_test {
namespace {

// FIPS 180-4 example and the digest of the empty message.
TEST_CASE("SHA-256 gives the published digests", "[hash]") {
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256Hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(Sha256Base64("abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
  CHECK(Sha256Word("abc") == 0xba7816bf8f01cfea);
  CHECK(ShortHash("abc") == "ba7816bf8f01cfea");
}

}  // namespace
}  // namespace dse::hash_test
