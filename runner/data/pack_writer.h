#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "runner/data/dataset.h"

namespace dse {

struct PackOptions {
  int size = 256;    // pixels of the short side; longer ones are scaled down to it
  int quality = 90;  // of JPEG, 1 to 100
  bool raw = false;  // every image as it is in memory, without JPEG
  int64_t shard_bytes = 1'000'000'000;  // a shard is closed before it would grow beyond this
  int threads = 1;                      // that read and encode, all joined on return
  bool replace = false;                 // an older pack of that name
};

// Images up to this many pixels a side are always kept raw: JPEG would hurt them visibly.
inline constexpr int kRawSide = 64;

struct PackSummary {
  bool finished = false;  // otherwise stopped on demand: nothing was written
  int64_t train_images = 0;
  int64_t test_images = 0;
  int64_t bytes = 0;  // of all files
  int64_t shards = 0;
};

// Called on the caller's thread now and then; false stops.
using PackProgress = std::function<bool(int64_t done, int64_t total)>;

// Writes a dataset as a pack (format: pack_index.h): `path` and its shards, without the images that
// turn out corrupt, which dataset.FoundCorrupt() tells afterwards. The bytes do not depend
// on `threads`. All files appear at the end, the index last; while an older pack is replaced there
// is none for a moment. Throws Error, and leaves nothing new behind: the name is taken, a file
// cannot be written or read, too many images are corrupt.
PackSummary WritePack(const Dataset& dataset, const std::string& path, const PackOptions& options,
                      const PackProgress& progress);

}  // namespace dse
