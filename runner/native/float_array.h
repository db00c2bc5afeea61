#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace dse::native {

// So many floats, 0 at first, in memory that begins at a multiple of 64 bytes and goes on for 64
// bytes behind the last. Throws std::bad_alloc.
//
// Large ones lie in huge pages, where the system gives them to who asks: a step goes through more
// memory than a processor has addresses of small pages for, and may take twice as long in these.
class FloatArray {
 public:
  FloatArray() = default;
  explicit FloatArray(size_t size);

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
  struct Delete {
    std::align_val_t alignment;
    void operator()(float* floats) const { ::operator delete(floats, alignment); }
  };
  std::unique_ptr<float[], Delete> floats_;
  size_t size_ = 0;
};

}  // namespace dse::native
