#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/hash.h"
#include "runner/data/folder_listing.h"
#include "runner/data/pack_index.h"

namespace dse {

// What identifies a dataset: the first 16 hex digits of a SHA-256 over fields of text, each written
// as its length in bytes, a colon, the text and a line feed, so that no two lists of fields are one
// text. Never over the path. The fields, in this order:
//
//   all          "dse dataset 2", the kind, the number of classes, the name of each in order
//   "folder"     "train" and its number of images, then for each: CLASS/FILE, label, bytes of the
//                file, SHA-256 of the file or nothing; then "test" likewise
//   "cifar10"    for each batch, the test batch last: its file name, number of images, SHA-256
//   "pack"       size, quality; "train" and its number of images, then for each: name, label,
//                height, width, kind, length and CRC-32 of the payload; then "test" likewise
//
// Images left out as corrupt are not among them. Numbers are decimal. `synthetic` has fixed words
// in their place: its images are a function of their version.
class FingerprintHash {
 public:
  FingerprintHash(std::string_view kind, const std::vector<std::string>& class_names);
  void Add(std::string_view field);
  void Add(int64_t number);
  std::string Finish();  // once, at the end

 private:
  Sha256Stream stream_;
  std::string buffer_;  // of fields, so that the stream gets them in larger pieces
};

// Which files of a folder are hashed, beside the names and sizes of all.
enum class HashedFiles {
  kAll,
  kSample,  // kSampledFiles of both splits together, those whose "train/CLASS/FILE" or
            // "test/CLASS/FILE" have the smallest SHA-256; all where there are no more
};
inline constexpr size_t kSampledFiles = 1024;

// Of the files listed, which are read by `threads` threads (all joined on return; their number
// changes nothing). Throws Error that names a file which cannot be read.
std::string FolderFingerprint(const FolderSplit& train, const FolderSplit& test, HashedFiles hashed,
                              int threads);

// From the index alone: a pack from before has one too.
std::string PackFingerprint(const PackIndex& index);

// DatasetInfo::old_fingerprint of a folder: over classes and names of files in byte order, whatever
// their order is now.
std::string OldFolderFingerprint(const FolderSplit& train, const FolderSplit& test);

}  // namespace dse
