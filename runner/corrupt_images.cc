#include "runner/corrupt_images.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "core/error.h"

namespace dse {

CorruptImages::CorruptImages(std::string uri, int64_t train_images, int64_t test_images,
                             int64_t left_out)
    : uri_(std::move(uri)), train_images_(train_images), left_out_(left_out) {
  const auto images = static_cast<size_t>(train_images + test_images);
  bytes_ = sizeof *count_ + images * sizeof(std::atomic<bool>);
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(std::string("cannot share memory with the workers: ") + std::strerror(errno));
  }
  count_ = new (memory) std::atomic<int64_t>(0);
  corrupt_ = {reinterpret_cast<std::atomic<bool>*>(count_ + 1), images};
  std::uninitialized_value_construct(corrupt_.begin(), corrupt_.end());
}

CorruptImages::~CorruptImages() { munmap(count_, bytes_); }

void CorruptImages::Refuse(Split split, int64_t index, const std::string& what) const {
  const bool known = corrupt_[Place(split, index)].exchange(true);
  const int64_t count = left_out_ + (known ? count_->load() : ++*count_);
  const int64_t files = left_out_ + static_cast<int64_t>(corrupt_.size());
  if (static_cast<double>(count) > kMaxCorruptShare * static_cast<double>(files)) {
    throw Error(uri_ + ": " + std::to_string(count) + " of " + std::to_string(files) +
                    " images are corrupt, more than 1%; the last is " + what,
                Fault::kMachine);
  }
  if (!known) std::fprintf(stderr, "dse: a corrupt image is left out: %s\n", what.c_str());
  throw CorruptImage(what);
}

std::vector<std::pair<Split, int64_t>> CorruptImages::First(size_t most) const {
  std::vector<std::pair<Split, int64_t>> first;
  for (size_t place = 0; place < corrupt_.size() && first.size() < most; ++place) {
    if (!corrupt_[place]) continue;
    const auto index = static_cast<int64_t>(place);
    const bool train = index < train_images_;
    first.emplace_back(train ? Split::kTrain : Split::kTest, train ? index : index - train_images_);
  }
  return first;
}

}  // namespace dse
