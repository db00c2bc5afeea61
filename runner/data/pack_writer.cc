#include "runner/data/pack_writer.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/parallel.h"
#include "runner/data/images/jpeg_encode.h"
#include "runner/data/images/resize.h"
#include "runner/data/memory_images.h"
#include "runner/data/pack_index.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlockPerThread = 64;  // images encoded before they are written

// An image ready to be written.
struct Packed {
  bool corrupt = false;  // left out
  PackRecord record;
  std::string bytes;
  ChannelSums sums;
};

Image ShrinkShortSide(Image image, int size) {
  const int shorter = std::min(image.height, image.width);
  if (shorter <= size) return image;
  const auto scale = [&](int side) {
    return static_cast<int>((int64_t{side} * size + shorter / 2) / shorter);
  };
  Image small{scale(image.height), scale(image.width), {}};
  small.pixels.resize(static_cast<size_t>(small.height) * static_cast<size_t>(small.width) * 3);
  ResizeBilinear(image, Box{0, 0, image.height, image.width}, small.height, small.width,
                 {0, 0, small.height, small.width}, small.pixels.data());
  return small;
}

Packed PackImage(const Dataset& dataset, Split split, int64_t index, const PackOptions& options) {
  Packed packed;
  Image image;
  try {
    image = ShrinkShortSide(dataset.Load(split, index), options.size);
  } catch (const CorruptImage&) {
    packed.corrupt = true;
    return packed;
  }
  if (split == Split::kTrain) packed.sums.Add(image);
  const bool raw = options.raw || std::max(image.height, image.width) <= kRawSide;
  PackRecord& record = packed.record;
  record.kind = raw ? Payload::kRaw : Payload::kJpeg;
  record.label = static_cast<uint32_t>(dataset.Label(split, index));
  record.height = static_cast<uint16_t>(image.height);
  record.width = static_cast<uint16_t>(image.width);
  packed.bytes = raw ? std::string(image.pixels.begin(), image.pixels.end())
                     : EncodeJpeg(image, options.quality);
  record.length = static_cast<uint32_t>(packed.bytes.size());
  record.crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(packed.bytes.data()), record.length));
  return packed;
}

bool BeginsWith(const std::string& path, const std::array<char, 8>& magic) {
  std::array<char, 8> begin{};
  std::ifstream(path, std::ios::binary).read(begin.data(), begin.size());
  return begin == magic;
}

// False if there is none.
bool RemoveFile(const std::string& path) {
  std::error_code failure;
  const bool removed = fs::remove(path, failure);
  if (failure) throw Error(path + ": cannot be removed: " + failure.message());
  return removed;
}

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

class PackWriter {
 public:
  PackWriter(const Dataset& dataset, std::string path, const PackOptions& options)
      : dataset_(dataset), path_(std::move(path)), options_(options) {
    RefuseTakenName();
    index_.class_names = dataset.info().class_names;
  }

  PackSummary Write(const PackProgress& progress) {
    if (!AddSplit(Split::kTrain, progress) || !AddSplit(Split::kTest, progress)) return summary_;
    CheckSplits();
    FillHeader();
    WriteFiles();
    summary_.finished = true;
    return summary_;
  }

 private:
  int64_t Total() const { return dataset_.Size(Split::kTrain) + dataset_.Size(Split::kTest); }

  // Replacing, too, spares what is no pack.
  void RefuseTakenName() const {
    for (const auto& [taken, magic] :
         {std::pair(path_, kPackMagic), std::pair(ShardPath(path_, 0), kShardMagic)}) {
      std::error_code ignored;
      if (!fs::exists(fs::symlink_status(taken, ignored))) continue;
      if (!options_.replace) throw Error(taken + ": exists already; --force replaces a pack");
      if (!BeginsWith(taken, magic)) throw Error(taken + ": exists and is no pack");
    }
  }

  // False if it was stopped.
  bool AddSplit(Split split, const PackProgress& progress) {
    const int64_t block = kBlockPerThread * std::max(4, options_.threads);
    for (int64_t begin = 0; begin < dataset_.Size(split); begin += block) {
      const int64_t count = std::min(block, dataset_.Size(split) - begin);
      std::vector<Packed> images(static_cast<size_t>(count));
      ParallelFor(count, options_.threads, [&](int64_t i) {
        images[static_cast<size_t>(i)] = PackImage(dataset_, split, begin + i, options_);
      });
      for (int64_t i = 0; i < count; ++i) Add(split, begin + i, images[static_cast<size_t>(i)]);
      done_ += count;
      if (!progress(done_, Total())) return false;
    }
    return true;
  }

  void Add(Split split, int64_t index, Packed& packed) {
    if (packed.corrupt) return;
    PendingFile& shard = ShardFor(packed.bytes.size());
    packed.record.shard = static_cast<uint16_t>(shards_.size() - 1);
    packed.record.offset = static_cast<uint64_t>(shard.size());
    shard.Append(packed.bytes);
    sums_.Add(packed.sums);
    index_.names += dataset_.Name(split, index);
    if (index_.names.size() > UINT32_MAX) throw Error("the names of the images exceed 4 GiB");
    packed.record.name_end = static_cast<uint32_t>(index_.names.size());
    index_.records.push_back(packed.record);
    ++(split == Split::kTrain ? summary_.train_images : summary_.test_images);
  }

  // The open shard, or a new one where it is full.
  PendingFile& ShardFor(size_t bytes) {
    const auto added = static_cast<int64_t>(bytes) + kHashDigits;
    if (!shards_.empty() && shards_.back()->size() + added <= options_.shard_bytes) {
      return *shards_.back();
    }
    CloseShard();
    const auto number = static_cast<uint32_t>(shards_.size());
    if (number == kMaxShards) {
      throw Error(path_ + ": needs more than " + std::to_string(kMaxShards) +
                  " shards; choose a larger --shard-size");
    }
    shards_.push_back(std::make_unique<PendingFile>(ShardPath(path_, number)));
    PackShardHeader header;
    header.number = number;
    shards_.back()->Append(BytesOf(header));
    return *shards_.back();
  }

  void CloseShard() {
    if (shards_.empty()) return;
    shards_.back()->Append(ShardDigest(index_.records, static_cast<uint32_t>(shards_.size() - 1)));
    shards_.back()->Finish();
    index_.shard_bytes.push_back(static_cast<uint64_t>(shards_.back()->size()));
  }

  void CheckSplits() const {
    if (summary_.train_images == 0 || summary_.test_images == 0) {
      throw Error(dataset_.info().uri + ": no image of one of the splits can be decoded");
    }
  }

  void FillHeader() {
    PackHeader& header = index_.header;
    header.classes = static_cast<uint32_t>(index_.class_names.size());
    header.train_images = static_cast<uint64_t>(summary_.train_images);
    header.test_images = static_cast<uint64_t>(summary_.test_images);
    header.shards = static_cast<uint32_t>(shards_.size());
    header.size = static_cast<uint32_t>(options_.size);
    const bool jpeg = std::ranges::find(index_.records, Payload::kJpeg, &PackRecord::kind) !=
                      index_.records.end();
    header.quality = jpeg ? static_cast<uint32_t>(options_.quality) : 0;
    const ChannelStatistics channels = sums_.Statistics();
    header.mean = channels.mean;
    header.stddev = channels.stddev;
    for (const std::string& name : index_.class_names) {
      header.class_bytes += static_cast<uint32_t>(name.size());
    }
    header.name_bytes = index_.names.size();
    const std::string fingerprint = OldFingerprint();
    std::copy(fingerprint.begin(), fingerprint.end(), header.fingerprint.begin());
  }

  // What the header has always held: see PackHeader.
  std::string OldFingerprint() const {
    const PackHeader& header = index_.header;
    std::string text = "pack\n" + std::to_string(header.size) + "\n" +
                       std::to_string(header.quality) + "\n" + std::to_string(header.classes) +
                       "\n";
    for (const std::string& name : index_.class_names) text += name + "\n";
    text += std::to_string(header.train_images) + "\n" + std::to_string(header.test_images) + "\n";
    for (uint64_t i = 0; i < index_.records.size(); ++i) text += index_.Name(i) + "\n";
    return ShortHash(text);
  }

  void WriteFiles() {
    CloseShard();
    PendingFile index(path_);
    index.Append(FormatPackIndex(index_));
    index.Finish();
    if (options_.replace) RemoveOld();
    try {
      for (const auto& shard : shards_) {
        shard->Publish();
        summary_.bytes += shard->size();
      }
      index.Publish();
    } catch (...) {
      RemovePublished();
      throw;
    }
    summary_.bytes += index.size();
    summary_.shards = static_cast<int64_t>(shards_.size());
  }

  // Those of ours that took their names: none had them before.
  void RemovePublished() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
    for (const auto& shard : shards_) fs::remove(shard->path(), ignored);
  }

  // The index first: shards alone are no pack.
  void RemoveOld() const {
    RemoveFile(path_);
    for (uint32_t i = 0; i < kMaxShards && RemoveFile(ShardPath(path_, i)); ++i) continue;
  }

  const Dataset& dataset_;
  const std::string path_;
  const PackOptions options_;
  int64_t done_ = 0;
  PackIndex index_;
  ChannelSums sums_;
  std::vector<std::unique_ptr<PendingFile>> shards_;
  PackSummary summary_;
};

}  // namespace

PackSummary WritePack(const Dataset& dataset, const std::string& path, const PackOptions& options,
                      const PackProgress& progress) {
  return PackWriter(dataset, path, options).Write(progress);
}

}  // namespace dse
