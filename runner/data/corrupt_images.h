#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runner/data/dataset.h"

namespace dse {

// The images of a split: those of the open dataset, and those that were left out when it was
// opened.
struct SplitCount {
  int64_t images = 0;
  int64_t left_out = 0;
};

// Throws Error of this machine where more than kMaxCorruptShare of a split's images are corrupt:
// what remains could be another set. `example` says which one is, "the first is FILE: reason".
void CheckCorruptShare(const std::string& set, Split split, int64_t corrupt, int64_t images,
                       const std::string& example);

// Which images of an open dataset turned out corrupt when they were read, in memory that this
// process shares with those it forks later. Any thread may call it.
class CorruptImages {
 public:
  // Throws Error without memory to share.
  CorruptImages(std::string uri, const SplitCount& train, const SplitCount& test);
  ~CorruptImages();
  CorruptImages(const CorruptImages&) = delete;
  CorruptImages& operator=(const CorruptImages&) = delete;

  // Notes that an image cannot be used and throws CorruptImage with `what`, a sentence that names
  // the image and the reason. The first to find it says so on standard error. Once more than
  // kMaxCorruptShare of the split are corrupt, it throws Error of this machine in place of that:
  // data that go bad are no fault of the network that is trained.
  [[noreturn]] void Refuse(Split split, int64_t index, const std::string& what) const;

  int64_t count() const;  // without those left out at opening
  // The first of them, training before test.
  std::vector<std::pair<Split, int64_t>> First(size_t most) const;

 private:
  size_t Place(Split split, int64_t index) const {
    return static_cast<size_t>(index + (split == Split::kTrain ? 0 : splits_[0].images));
  }
  static_assert(std::atomic<int64_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
                "several processes use them");

  std::string uri_;
  std::array<SplitCount, 2> splits_;  // training, test
  size_t bytes_;
  std::span<std::atomic<int64_t>> counts_;  // of the splits; in the shared memory, as
  std::span<std::atomic<bool>> corrupt_;    // one for each image
};

}  // namespace dse
