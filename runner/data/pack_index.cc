#include "runner/data/pack_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <type_traits>

#include "core/error.h"
#include "core/hash.h"
#include "runner/data/images/jpeg.h"

namespace dse {
namespace {

static_assert(std::endian::native == std::endian::little, "tables are written as they lie");

constexpr size_t kSumDigits = 64;

template <typename T>
void AppendList(std::string& text, std::span<const T> list) {
  static_assert(std::is_trivially_copyable_v<T>);
  text.append(reinterpret_cast<const char*>(list.data()), list.size_bytes());
}

// Takes an index apart from its beginning; how much there is was checked before.
class Cursor {
 public:
  explicit Cursor(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  std::vector<T> List(size_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> list(count);
    if (count > 0) std::memcpy(list.data(), Take(count * sizeof(T)), count * sizeof(T));
    return list;
  }
  std::string Text(size_t length) { return {reinterpret_cast<const char*>(Take(length)), length}; }

 private:
  const uint8_t* Take(size_t length) {
    const uint8_t* begin = bytes_.data();
    bytes_ = bytes_.subspan(length);
    return begin;
  }
  std::span<const uint8_t> bytes_;
};

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Magic and version come first, whatever else another version changes.
void CheckKind(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.size() < kPackMagic.size() + sizeof(uint32_t) ||
      std::memcmp(bytes.data(), kPackMagic.data(), kPackMagic.size()) != 0) {
    throw Error(name + ": is no pack (it does not begin with 'dse pack'); 'dse pack' makes them");
  }
  uint32_t version = 0;
  std::memcpy(&version, bytes.data() + kPackMagic.size(), sizeof version);
  if (version != kPackVersion) {
    throw Error(name + ": is a pack of version " + std::to_string(version) +
                "; this program reads version " + std::to_string(kPackVersion));
  }
}

void CheckSum(std::span<const uint8_t> bytes, const std::string& name) {
  if (bytes.size() < sizeof(PackHeader) + kSumDigits) throw Error(name + ": is cut short");
  const std::string_view text = TextOf(bytes);
  if (Sha256Hex(text.substr(0, text.size() - kSumDigits)) !=
      text.substr(text.size() - kSumDigits)) {
    throw Error(name + ": is damaged or cut short (its checksum does not hold)");
  }
}

// That the lists fill the file exactly; no sum here overflows since no term exceeds its bytes.
void CheckCounts(const PackHeader& header, size_t size, const std::string& name) {
  const auto impossible = [&](const std::string& what) {
    throw Error(name + ": its header gives an impossible " + what);
  };
  const uint64_t most = size / sizeof(PackRecord);
  if (header.train_images == 0 || header.train_images > most || header.test_images == 0 ||
      header.test_images > most) {
    impossible("number of images");
  }
  if (header.classes == 0 || header.classes > most) impossible("number of classes");
  if (header.shards == 0 || header.shards > kMaxShards) impossible("number of shards");
  if (header.class_bytes > size || header.name_bytes > size) impossible("length of names");
  const uint64_t images = header.train_images + header.test_images;
  if (sizeof(PackHeader) + images * sizeof(PackRecord) + header.shards * sizeof(uint64_t) +
          header.classes * sizeof(uint32_t) + header.class_bytes + header.name_bytes + kSumDigits !=
      size) {
    impossible("length (" + std::to_string(size) + " bytes are there)");
  }
}

void CheckHeader(const PackHeader& header, const std::string& name) {
  for (size_t c = 0; c < 3; ++c) {
    const float mean = header.mean[c], stddev = header.stddev[c];
    if (!(mean >= 0 && mean <= 1 && stddev > 0 && stddev <= 1)) {
      throw Error(name + ": its header gives impossible statistics of the channels");
    }
  }
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::all_of(header.fingerprint.begin(), header.fingerprint.end(), is_digit)) {
    throw Error(name + ": its header gives an impossible fingerprint");
  }
}

std::vector<std::string> SplitNames(const std::vector<uint32_t>& ends, const std::string& text,
                                    const std::string& name) {
  std::vector<std::string> names;
  uint32_t begin = 0;
  for (const uint32_t end : ends) {
    if (end <= begin || end > text.size()) {
      throw Error(name + ": class " + std::to_string(names.size()) + " has an impossible name");
    }
    names.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  if (begin != text.size()) throw Error(name + ": has text behind the last class");
  return names;
}

// What is wrong with a record, "" if nothing.
const char* FindFault(const PackIndex& index, const PackRecord& record) {
  const int64_t pixels = int64_t{record.height} * record.width;
  if (record.label >= index.header.classes) return "label";
  if (record.height == 0 || record.width == 0 || record.height > kMaxImageSide ||
      record.width > kMaxImageSide || pixels > kMaxImagePixels) {
    return "size";
  }
  if (record.kind != Payload::kRaw && record.kind != Payload::kJpeg) return "kind";
  if (record.unused != 0) return "kind";
  if (record.kind == Payload::kRaw && int64_t{record.length} != pixels * 3) return "length";
  if (record.shard >= index.shard_bytes.size()) return "shard";
  const uint64_t size = index.shard_bytes[record.shard];
  if (size < kHashDigits) return "shard";
  const uint64_t end = size - kHashDigits;
  if (record.offset < sizeof(PackShardHeader) || record.offset > end || record.length == 0 ||
      record.length > end - record.offset) {
    return "place";
  }
  return "";
}

void CheckRecords(const PackIndex& index, const std::string& name) {
  uint32_t name_begin = 0;
  uint16_t shard = 0;
  for (size_t i = 0; i < index.records.size(); ++i) {
    const PackRecord& record = index.records[i];
    const char* fault = FindFault(index, record);
    if (record.name_end < name_begin || record.name_end > index.names.size()) fault = "name";
    if (record.shard < shard) fault = "shard";
    if (*fault != '\0') {
      throw Error(name + ": image " + std::to_string(i) + " has an impossible " + fault);
    }
    name_begin = record.name_end;
    shard = record.shard;
  }
  if (name_begin != index.names.size()) throw Error(name + ": has text behind the last image");
}

}  // namespace

std::string PackIndex::Name(uint64_t place) const {
  const size_t begin = place == 0 ? 0 : records.at(place - 1).name_end;
  return names.substr(begin, records.at(place).name_end - begin);
}

std::string FormatPackIndex(const PackIndex& index) {
  std::string text;
  AppendList(text, std::span(&index.header, 1));
  AppendList(text, std::span(index.records));
  AppendList(text, std::span(index.shard_bytes));
  uint32_t end = 0;
  for (const std::string& name : index.class_names) {
    end += static_cast<uint32_t>(name.size());
    AppendList(text, std::span<const uint32_t>(&end, 1));
  }
  for (const std::string& name : index.class_names) text += name;
  text += index.names;
  return text + Sha256Hex(text);
}

PackIndex ParsePackIndex(std::span<const uint8_t> bytes, const std::string& name) {
  CheckKind(bytes, name);
  CheckSum(bytes, name);
  Cursor cursor(bytes);
  PackIndex index;
  index.header = cursor.List<PackHeader>(1).front();
  CheckCounts(index.header, bytes.size(), name);
  CheckHeader(index.header, name);
  index.records = cursor.List<PackRecord>(index.header.train_images + index.header.test_images);
  index.shard_bytes = cursor.List<uint64_t>(index.header.shards);
  const std::vector<uint32_t> ends = cursor.List<uint32_t>(index.header.classes);
  const std::string text = cursor.Text(index.header.class_bytes);
  index.class_names = SplitNames(ends, text, name);
  index.names = cursor.Text(index.header.name_bytes);
  CheckRecords(index, name);
  return index;
}

std::string ShardDigest(std::span<const PackRecord> records, uint32_t number) {
  auto record = std::ranges::lower_bound(records, number, {}, &PackRecord::shard);
  std::string text;
  for (; record != records.end() && record->shard == number; ++record)
    AppendList(text, std::span(&record->crc, 1));
  return ShortHash(text);
}

std::string ShardPath(const std::string& path, uint32_t number) {
  char digits[16];
  std::snprintf(digits, sizeof digits, ".%04u", static_cast<unsigned>(number));
  return path + digits;
}

}  // namespace dse
