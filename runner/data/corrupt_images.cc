#include "runner/data/corrupt_images.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "core/error.h"
#include "core/printable.h"

namespace dse {

void CheckCorruptShare(const std::string& set, Split split, int64_t corrupt, int64_t images,
                       const std::string& example) {
  if (static_cast<double>(corrupt) <= kMaxCorruptShare * static_cast<double>(images)) return;
  throw Error(set + ": " + std::to_string(corrupt) + " of " + std::to_string(images) +
                  (split == Split::kTrain ? " training" : " test") +
                  " images are corrupt, more than 1%; " + example,
              Fault::kMachine);
}

CorruptImages::CorruptImages(std::string uri, const SplitCount& train, const SplitCount& test)
    : uri_(std::move(uri)), splits_{train, test} {
  const auto images = static_cast<size_t>(train.images + test.images);
  bytes_ = splits_.size() * sizeof(std::atomic<int64_t>) + images * sizeof(std::atomic<bool>);
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(std::string("cannot share memory with the workers: ") + std::strerror(errno));
  }
  counts_ = {static_cast<std::atomic<int64_t>*>(memory), splits_.size()};
  corrupt_ = {reinterpret_cast<std::atomic<bool>*>(counts_.data() + counts_.size()), images};
  std::uninitialized_value_construct(counts_.begin(), counts_.end());
  std::uninitialized_value_construct(corrupt_.begin(), corrupt_.end());
}

CorruptImages::~CorruptImages() { munmap(counts_.data(), bytes_); }

int64_t CorruptImages::count() const { return counts_[0] + counts_[1]; }

void CorruptImages::Refuse(Split split, int64_t index, const std::string& what) const {
  const size_t own = split == Split::kTrain ? 0 : 1;
  const SplitCount& size = splits_[own];
  const bool known = corrupt_[Place(split, index)].exchange(true);
  const int64_t count = size.left_out + (known ? counts_[own].load() : ++counts_[own]);
  CheckCorruptShare(uri_, split, count, size.left_out + size.images, "the last is " + what);
  if (!known) {
    std::fprintf(stderr, "dse: a corrupt image is left out: %s\n", Printable(what).c_str());
  }
  throw CorruptImage(what);
}

std::vector<std::pair<Split, int64_t>> CorruptImages::First(size_t most) const {
  std::vector<std::pair<Split, int64_t>> first;
  for (size_t place = 0; place < corrupt_.size() && first.size() < most; ++place) {
    if (!corrupt_[place]) continue;
    const auto index = static_cast<int64_t>(place);
    const bool train = index < splits_[0].images;
    first.emplace_back(train ? Split::kTrain : Split::kTest,
                       train ? index : index - splits_[0].images);
  }
  return first;
}

}  // namespace dse
