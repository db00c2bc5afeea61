#include "runner/data/pack_index.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>

#include "core/error.h"
#include "core/hash.h"

namespace dse::pack_index_test {
namespace {

using Catch::Matchers::Contains;

// Two training images and a test image in two shards; classes "ant" and "bee".
PackIndex SmallIndex() {
  PackIndex index;
  PackHeader& header = index.header;
  header.classes = 2;
  header.train_images = 2;
  header.test_images = 1;
  header.shards = 2;
  header.size = 256;
  header.quality = 90;
  header.mean = {0.5f, 0.5f, 0.5f};
  header.stddev = {0.25f, 0.25f, 0.25f};
  std::memcpy(header.fingerprint.data(), "0123456789abcdef", 16);
  header.class_bytes = 6;
  header.name_bytes = 7;
  index.records = {{16, 12, 0xAABBCCDD, 1, 2, 2, 0, Payload::kRaw, 0, 2},
                   {28, 100, 5, 0, 300, 256, 0, Payload::kJpeg, 0, 4},
                   {16, 50, 6, 1, 256, 400, 1, Payload::kJpeg, 0, 7}};
  index.shard_bytes = {28 + 100 + 16, 16 + 50 + 16};
  index.class_names = {"ant", "bee"};
  index.names = "abcdefg";
  return index;
}

PackIndex Parse(const std::string& text) {
  return ParsePackIndex({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, "p");
}

// The message for an index changed before it was written, its checksum right.
std::string Refusal(const std::function<void(PackIndex&)>& change) {
  PackIndex index = SmallIndex();
  change(index);
  try {
    Parse(FormatPackIndex(index));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("an index has the documented bytes") {
  const std::string text = FormatPackIndex(SmallIndex());
  REQUIRE(text.size() == 96 + 3 * 32 + 2 * 8 + 2 * 4 + 6 + 7 + 64);
  const auto bytes = [&](size_t at, size_t length) { return text.substr(at, length); };
  using std::string_literals::operator""s;
  CHECK(bytes(0, 8) == "dse pack");
  CHECK(bytes(8, 8) == "\1\0\0\0\2\0\0\0"s);
  CHECK(bytes(16, 16) == "\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"s);
  CHECK(bytes(32, 12) == "\2\0\0\0\0\1\0\0\x5a\0\0\0"s);
  CHECK(bytes(44, 4) == "\0\0\0\x3f"s);  // 0.5 as a float
  CHECK(bytes(68, 16) == "0123456789abcdef");
  CHECK(bytes(84, 12) == "\6\0\0\0\7\0\0\0\0\0\0\0"s);
  CHECK(bytes(96, 32) ==
        "\x10\0\0\0\0\0\0\0\x0c\0\0\0\xdd\xcc\xbb\xaa\1\0\0\0\2\0\2\0\0\0\0\0\2\0\0\0"s);
  CHECK(bytes(96 + 96, 8) == "\x90\0\0\0\0\0\0\0"s);
  CHECK(bytes(96 + 112, 8) == "\3\0\0\0\6\0\0\0"s);
  CHECK(bytes(96 + 120, 13) == "antbeeabcdefg");
  CHECK(bytes(229, 64) == Sha256Hex(bytes(0, 229)));
}

TEST_CASE("an index is read back as it was written") {
  const PackIndex index = Parse(FormatPackIndex(SmallIndex()));
  CHECK(index.class_names == std::vector<std::string>{"ant", "bee"});
  CHECK(index.records[1].height == 300);
  CHECK(index.records[2].kind == Payload::kJpeg);
  CHECK(index.Place(Split::kTest, 0) == 2);
  CHECK(index.Name(0) == "ab");
  CHECK(index.Name(2) == "efg");
}

TEST_CASE("what is no index, of another version or altered is refused") {
  const std::string text = FormatPackIndex(SmallIndex());
  CHECK_THROWS_WITH(Parse(""), Contains("p: is no pack"));
  CHECK_THROWS_WITH(Parse("SQLite format 3"), Contains("p: is no pack"));
  std::string newer = text;
  newer[8] = 2;
  CHECK_THROWS_WITH(Parse(newer),
                    Contains("p: is a pack of version 2; this program reads version 1"));
  CHECK_THROWS_WITH(Parse(text.substr(0, 100)), Contains("p: is cut short"));
  CHECK_THROWS_WITH(Parse(text.substr(0, text.size() - 1)), Contains("damaged or cut short"));
  int accepted = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    std::string altered = text;
    altered[at] = static_cast<char>(altered[at] ^ 0x20);
    try {
      Parse(altered);
      ++accepted;
    } catch (const Error&) {
    }
  }
  CHECK(accepted == 0);
}

TEST_CASE("an index whose checksum holds is still not believed") {
  CHECK(Refusal([](PackIndex&) {}) == "accepted");
  const auto record = [](auto change) {
    return Refusal([&](PackIndex& index) { change(index.records[1]); });
  };
  const auto header = [](auto change) {
    return Refusal([&](PackIndex& index) { change(index.header); });
  };
  CHECK(record([](PackRecord& r) { r.label = 2; }) == "p: image 1 has an impossible label");
  CHECK(record([](PackRecord& r) { r.height = 0; }) == "p: image 1 has an impossible size");
  CHECK(record([](PackRecord& r) { r.width = 65501; }) == "p: image 1 has an impossible size");
  CHECK(record([](PackRecord& r) { r.height = r.width = 16000; }) ==
        "p: image 1 has an impossible size");
  CHECK(record([](PackRecord& r) { r.kind = Payload{2}; }) == "p: image 1 has an impossible kind");
  CHECK(record([](PackRecord& r) { r.unused = 1; }) == "p: image 1 has an impossible kind");
  CHECK(record([](PackRecord& r) { r.kind = Payload::kRaw; }) ==
        "p: image 1 has an impossible length");
  CHECK(record([](PackRecord& r) { r.shard = 2; }) == "p: image 1 has an impossible shard");
  CHECK(record([](PackRecord& r) { r.length = 101; }) == "p: image 1 has an impossible place");
  CHECK(record([](PackRecord& r) { r.length = 0; }) == "p: image 1 has an impossible place");
  CHECK(record([](PackRecord& r) { r.offset = 15; }) == "p: image 1 has an impossible place");
  CHECK(record([](PackRecord& r) { r.offset = UINT64_MAX - 50; }) ==
        "p: image 1 has an impossible place");
  CHECK(record([](PackRecord& r) { r.name_end = 8; }) == "p: image 1 has an impossible name");
  CHECK(record([](PackRecord& r) { r.name_end = 1; }) == "p: image 1 has an impossible name");
  CHECK(Refusal([](PackIndex& index) {
          std::swap(index.records[0].shard, index.records[2].shard);
          index.records[0].length = 12;
        }) == "p: image 1 has an impossible shard");
  CHECK(header([](PackHeader& h) { h.train_images = 0; }) ==
        "p: its header gives an impossible number of images");
  CHECK(header([](PackHeader& h) { h.test_images = UINT64_MAX; }) ==
        "p: its header gives an impossible number of images");
  CHECK(header([](PackHeader& h) { h.classes = 0; }) ==
        "p: its header gives an impossible number of classes");
  CHECK(header([](PackHeader& h) { h.shards = 10'001; }) ==
        "p: its header gives an impossible number of shards");
  CHECK(header([](PackHeader& h) { h.name_bytes = UINT64_MAX; }) ==
        "p: its header gives an impossible length of names");
  CHECK_THAT(header([](PackHeader& h) { h.train_images = 3; }),
             Contains("impossible length (293 bytes are there)"));
  CHECK_THAT(header([](PackHeader& h) { h.stddev[1] = 0; }), Contains("impossible statistics"));
  CHECK_THAT(header([](PackHeader& h) { h.fingerprint[3] = '\n'; }),
             Contains("impossible fingerprint"));
  CHECK_THAT(Refusal([](PackIndex& index) {
               index.class_names = {"antbee", ""};
             }),
             Contains("class 1 has an impossible name"));
}

TEST_CASE("the digest of a shard is over the checksums of its payloads, in order") {
  const PackIndex index = SmallIndex();
  using std::string_literals::operator""s;
  CHECK(ShardDigest(index.records, 0) == ShortHash("\xdd\xcc\xbb\xaa\5\0\0\0"s));
  CHECK(ShardDigest(index.records, 1) == ShortHash("\6\0\0\0"s));
}

}  // namespace dse::pack_index_test
