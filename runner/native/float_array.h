#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace dse::native {

// So many floats, 0 at first, in memory that begins at a multiple of 64 bytes and goes on for 64
// bytes behind the last. Throws std::bad_alloc.
class FloatArray {
 public:
  FloatArray() = default;
  explicit FloatArray(size_t size)
      : floats_(static_cast<float*>(::operator new((size + kVector) * sizeof(float), kAlignment))),
        size_(size) {
    std::fill_n(floats_.get(), size + kVector, 0.0f);
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  float* data() { return floats_.get(); }
  const float* data() const { return floats_.get(); }
  float* begin() { return data(); }
  float* end() { return data() + size_; }
  const float* begin() const { return data(); }
  const float* end() const { return data() + size_; }

  static constexpr size_t kVector = 16;  // floats of 64 bytes
  // The next multiple of 64 bytes.
  static constexpr size_t Rounded(size_t floats) {
    return (floats + kVector - 1) / kVector * kVector;
  }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Delete {
    void operator()(float* floats) const { ::operator delete(floats, kAlignment); }
  };
  std::unique_ptr<float[], Delete> floats_;
  size_t size_ = 0;
};

}  // namespace dse::native
