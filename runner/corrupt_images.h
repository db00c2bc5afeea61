#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runner/dataset.h"

namespace dse {

// Which images of an open dataset turned out corrupt when they were read, in memory that this
// process shares with those it forks later. Any thread may call it.
class CorruptImages {
 public:
  // Of a set whose splits have so many images beside the `left_out` that were found at opening.
  // Throws Error without memory to share.
  CorruptImages(std::string uri, int64_t train_images, int64_t test_images, int64_t left_out);
  ~CorruptImages();
  CorruptImages(const CorruptImages&) = delete;
  CorruptImages& operator=(const CorruptImages&) = delete;

  // Notes that an image cannot be used and throws CorruptImage with `what`, a sentence that names
  // the image and the reason. The first to find it says so on standard error. Once more than
  // kMaxCorruptShare of the set are corrupt, it throws Error of this machine in place of that:
  // data that go bad are no fault of the network that is trained.
  [[noreturn]] void Refuse(Split split, int64_t index, const std::string& what) const;

  int64_t count() const { return *count_; }  // without those left out at opening
  // The first of them, training before test.
  std::vector<std::pair<Split, int64_t>> First(size_t most) const;

 private:
  size_t Place(Split split, int64_t index) const {
    return static_cast<size_t>(index + (split == Split::kTrain ? 0 : train_images_));
  }
  static_assert(std::atomic<int64_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
                "several processes use them");

  std::string uri_;
  int64_t train_images_;
  int64_t left_out_;
  size_t bytes_;
  std::atomic<int64_t>* count_;           // in the shared memory, as
  std::span<std::atomic<bool>> corrupt_;  // one for each image
};

}  // namespace dse
