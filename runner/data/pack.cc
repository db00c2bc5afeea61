#include "runner/data/pack.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"
#include "runner/data/corrupt_images.h"
#include "runner/data/fingerprint.h"
#include "runner/data/images/jpeg.h"
#include "runner/data/images/resize.h"
#include "runner/data/mapped_file.h"
#include "runner/data/pack_index.h"

namespace dse {
namespace {

PackIndex ReadIndex(const std::string& path) {
  const MappedFile file(path);
  return ParsePackIndex(file.Part(0, file.size()), path);
}

MappedFile OpenShard(const std::string& path, const PackIndex& index, uint32_t number) {
  const std::string name = ShardPath(path, number);
  MappedFile file(name);
  if (file.size() != index.shard_bytes[number]) {
    throw Error(name + ": has " + std::to_string(file.size()) + " bytes and not the " +
                std::to_string(index.shard_bytes[number]) + " that " + path + " gives");
  }
  PackShardHeader header;
  const std::string digest = ShardDigest(index.records, number);
  if (file.size() < sizeof header + digest.size()) throw Error(name + ": is cut short");
  std::memcpy(&header, file.Part(0, sizeof header).data(), sizeof header);
  const auto end = file.Part(file.size() - digest.size(), digest.size());
  if (header.magic != kShardMagic || header.version != kPackVersion || header.number != number ||
      !std::equal(digest.begin(), digest.end(), end.begin())) {
    throw Error(name + ": is not shard " + std::to_string(number) + " of the pack " + path);
  }
  return file;
}

// The rows and columns of a raw image that a cut needs.
void CopyBox(std::span<const uint8_t> pixels, int width, const Box& box, Image& image) {
  image.height = box.height;
  image.width = box.width;
  const size_t row_bytes = static_cast<size_t>(box.width) * 3;
  image.pixels.resize(static_cast<size_t>(box.height) * row_bytes);
  for (int y = 0; y < box.height; ++y) {
    const size_t from =
        (static_cast<size_t>(box.y + y) * static_cast<size_t>(width) + static_cast<size_t>(box.x)) *
        3;
    std::memcpy(image.pixels.data() + static_cast<size_t>(y) * row_bytes, &pixels[from], row_bytes);
  }
}

class PackDataset : public Dataset {
 public:
  explicit PackDataset(const std::string& path) : path_(path), index_(ReadIndex(path)) {
    for (uint32_t i = 0; i < index_.header.shards; ++i) {
      shards_.push_back(OpenShard(path, index_, i));
    }
    const PackHeader& header = index_.header;
    info_.uri = "pack:" + path;
    info_.fingerprint = PackFingerprint(index_);
    info_.old_fingerprint.assign(header.fingerprint.begin(), header.fingerprint.end());
    info_.class_names = index_.class_names;
    info_.train_images = static_cast<int64_t>(header.train_images);
    info_.test_images = static_cast<int64_t>(header.test_images);
    info_.mean = header.mean;
    info_.stddev = header.stddev;
    corrupt_.emplace(info_.uri, SplitCount{info_.train_images, 0},
                     SplitCount{info_.test_images, 0});
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return split == Split::kTrain ? info_.train_images : info_.test_images;
  }
  int Label(Split split, int64_t index) const override {
    return static_cast<int>(Record(split, index).label);
  }
  std::string Name(Split split, int64_t index) const override {
    return index_.Name(index_.Place(split, index));
  }

  Image Load(Split split, int64_t index) const override {
    const PackRecord& record = Record(split, index);
    const std::span<const uint8_t> payload = ReadPayload(split, index);
    if (record.kind == Payload::kJpeg) return Decode(split, index, payload);
    return {record.height, record.width, {payload.begin(), payload.end()}};
  }

  CutSource LoadCut(Split split, int64_t index, const ChooseCut& choose,
                    ReadScratch& scratch) const override {
    const PackRecord& record = Record(split, index);
    const std::span<const uint8_t> payload = ReadPayload(split, index);
    if (record.kind == Payload::kJpeg) {
      const CutDecoding jpeg = DecodeJpegCut(
          payload,
          [&](int height, int width) {
            CheckImageSize(split, index, height, width);
            return choose(height, width);
          },
          scratch);
      if (!jpeg.intact()) Damaged(split, index, "does not decode: " + jpeg.reason());
      return jpeg.source;
    }
    const Cut cut = choose(record.height, record.width);
    const Box box = ResizeFootprint(cut.source, cut.height, cut.width, cut.window);
    CopyBox(payload, record.width, box, scratch.image);
    RealBox source = cut.source;
    source.y -= box.y;
    source.x -= box.x;
    return {&scratch.image, source, cut};
  }

  CorruptSummary FoundCorrupt() const override {
    CorruptSummary found{corrupt_->count(), {}};
    for (const auto& [split, index] : corrupt_->First(kNamedImages)) {
      found.names.push_back(Place(split, index));
    }
    return found;
  }

 private:
  const PackRecord& Record(Split split, int64_t index) const {
    return index_.records.at(index_.Place(split, index));
  }

  std::span<const uint8_t> ReadPayload(Split split, int64_t index) const {
    const PackRecord& record = Record(split, index);
    const std::span<const uint8_t> payload =
        shards_[record.shard].Part(record.offset, record.length);
    if (crc32(0, payload.data(), record.length) != record.crc) {
      Damaged(split, index, "is damaged (its checksum does not hold)");
    }
    return payload;
  }

  Image Decode(Split split, int64_t index, std::span<const uint8_t> payload) const {
    Decoding jpeg = DecodeJpeg(payload);
    if (!jpeg.intact()) Damaged(split, index, "does not decode: " + jpeg.reason());
    CheckImageSize(split, index, jpeg.image.height, jpeg.image.width);
    return std::move(jpeg.image);
  }

  void CheckImageSize(Split split, int64_t index, int height, int width) const {
    const PackRecord& record = Record(split, index);
    if (height == record.height && width == record.width) return;
    Damaged(split, index, "has another size than the index gives");
  }

  // Names an image and its place.
  std::string Place(Split split, int64_t index) const {
    return ShardPath(path_, Record(split, index).shard) + ": " +
           (split == Split::kTrain ? "training" : "test") + " image '" + Name(split, index) +
           "' at byte " + std::to_string(Record(split, index).offset);
  }

  [[noreturn]] void Damaged(Split split, int64_t index, const std::string& what) const {
    corrupt_->Refuse(split, index, Place(split, index) + " " + what);
  }

  std::string path_;
  PackIndex index_;
  std::vector<MappedFile> shards_;
  DatasetInfo info_;
  std::optional<CorruptImages> corrupt_;  // found when read
};

}  // namespace

std::unique_ptr<Dataset> OpenPackDataset(const std::string& path) {
  return std::make_unique<PackDataset>(path);
}

}  // namespace dse
