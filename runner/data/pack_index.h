#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runner/data/dataset.h"

namespace dse {

// The files of a pack: FILE, the index, and FILE.0000, FILE.0001, ..., the shards with the images.
// All numbers are little-endian. runner/README.md has the same layout in words.
//   index:  PackHeader, PackRecord x images (training, then test), 8 bytes x shards: their sizes,
//           4 bytes x classes: where each name ends, class names, image names, SHA-256 of all
//           before as 64 hex digits
//   shard:  PackShardHeader, payloads in the order of their records, ShardDigest

inline constexpr std::array<char, 8> kPackMagic{'d', 's', 'e', ' ', 'p', 'a', 'c', 'k'};
inline constexpr std::array<char, 8> kShardMagic{'d', 's', 'e', 's', 'h', 'a', 'r', 'd'};
inline constexpr uint32_t kPackVersion = 1;
inline constexpr uint32_t kMaxShards = 10'000;

struct PackHeader {
  std::array<char, 8> magic = kPackMagic;
  uint32_t version = kPackVersion;
  uint32_t classes = 0;
  uint64_t train_images = 0;
  uint64_t test_images = 0;
  uint32_t shards = 0;
  uint32_t size = 0;              // short sides were scaled down to this, in pixels
  uint32_t quality = 0;           // of JPEG payloads; 0: there are none
  std::array<float, 3> mean{};    // of the training images' channels, in 0..1
  std::array<float, 3> stddev{};  //
  // DatasetInfo::old_fingerprint: over classes, counts, names, size and quality. What identifies
  // the pack is PackFingerprint, over the records, which is not written.
  std::array<char, 16> fingerprint{};
  uint32_t class_bytes = 0;  // of all class names
  uint64_t name_bytes = 0;   // of all image names
};

enum class Payload : uint8_t { kRaw = 0, kJpeg = 1 };  // raw: as Image::pixels

struct PackRecord {
  uint64_t offset = 0;  // of the payload in its shard
  uint32_t length = 0;  // of the payload
  uint32_t crc = 0;     // of the payload, CRC-32 as zlib's
  uint32_t label = 0;
  uint16_t height = 0;
  uint16_t width = 0;
  uint16_t shard = 0;
  Payload kind = Payload::kRaw;
  uint8_t unused = 0;     // 0
  uint32_t name_end = 0;  // in the image names; the name begins where that before ends
};

struct PackShardHeader {
  std::array<char, 8> magic = kShardMagic;
  uint32_t version = kPackVersion;
  uint32_t number = 0;
};

static_assert(sizeof(PackHeader) == 96 && sizeof(PackRecord) == 32 &&
              sizeof(PackShardHeader) == 16);

// What a shard ends with: 16 hex digits over the checksums of its payloads, so that an index and
// the shards of another pack are told apart. Of `records` those of this shard count.
std::string ShardDigest(std::span<const PackRecord> records, uint32_t number);

// What an index says. The counts in `header` are those of the lists.
struct PackIndex {
  PackHeader header;
  std::vector<PackRecord> records;
  std::vector<uint64_t> shard_bytes;
  std::vector<std::string> class_names;
  std::string names;

  uint64_t Place(Split split, int64_t index) const {
    return static_cast<uint64_t>(index) + (split == Split::kTrain ? 0 : header.train_images);
  }
  std::string Name(uint64_t place) const;
};

// The bytes of an index; `header`'s counts must be set.
std::string FormatPackIndex(const PackIndex& index);

// Checks everything that can be checked without the shards: afterwards every record lies within its
// shard's size, every label is a class, records are in the order of the shards, every image has a
// size that may be decoded. `name` is for messages. Throws Error: no index, of a newer version, cut
// short, altered, impossible.
PackIndex ParsePackIndex(std::span<const uint8_t> bytes, const std::string& name);

// "FILE.0007"
std::string ShardPath(const std::string& path, uint32_t number);

}  // namespace dse
