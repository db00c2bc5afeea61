#pragma once

#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>

namespace dse {

// Floats aligned to 64 bytes, with 64 bytes of NaNs in front and behind. Reading the ones behind is
// allowed, so that results must not depend on them.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(size_t size, float value = 0)
      : size_(size),
        data_(static_cast<float*>(
            ::operator new ((size + 2 * kGuard) * sizeof(float), std::align_val_t{64}))) {
    for (size_t i = 0; i < size + 2 * kGuard; i++) {
      data_.get()[i] = i < kGuard || i >= kGuard + size ? kNaN : value;
    }
  }
  float* data() { return data_.get() + kGuard; }
  const float* data() const { return data_.get() + kGuard; }
  size_t size() const { return size_; }
  float& operator[](size_t i) { return data()[i]; }
  const float& operator[](size_t i) const { return data()[i]; }
  float* begin() { return data(); }
  float* end() { return data() + size_; }
  const float* begin() const { return data(); }
  const float* end() const { return data() + size_; }

  bool GuardsUntouched() const {
    for (size_t i = 0; i < kGuard; i++) {
      if (std::memcmp(data_.get() + i, &kNaN, sizeof kNaN) != 0) return false;
      if (std::memcmp(data() + size_ + i, &kNaN, sizeof kNaN) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 16;
  static constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  struct Free {
    void operator()(float* p) const { ::operator delete (p, std::align_val_t{64}); }
  };
  size_t size_;
  std::unique_ptr<float, Free> data_;
};

}  // namespace dse
