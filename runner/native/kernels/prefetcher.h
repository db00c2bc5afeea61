#pragma once

#include <cstddef>

namespace dse {

// Brings into a core's L2 cache what will soon be read or written, a line now and then while
// kernels compute: between their arithmetic it costs next to nothing. Changes no result.
class Prefetcher {
 public:
  // Five eighths of a core's L2 cache: more would take the place of what is worked on.
  static size_t MostFloats();
  // For tests: as if the cache had another size.
  static void SetMostFloats(size_t floats);

  // Forgets what has been added.
  void Clear() { added_ = next_ = 0; }
  // In the order of use. Left out where kMost arrays wait.
  void Add(const float* p, size_t floats) {
    if (added_ == kMost) return;
    const auto* const line = reinterpret_cast<const char*>(p);
    arrays_[added_++] = {line, line + floats * sizeof(float)};
  }

  // Lines in a row.
  class Lines {
   public:
    Lines(const char* first, ptrdiff_t step) : next_(first), step_(step) {}
    void FetchOne() {
      __builtin_prefetch(next_, /*write=*/0, /*locality: not in L1=*/2);
      next_ += step_;
    }
    const void* next() const { return next_; }

   private:
    const char* next_;
    ptrdiff_t step_;
  };
  // The next `count` of an array, and what lies behind its end; where nothing is left, lines that
  // are in the cache. All of them should be fetched.
  Lines Take(int count) {
    while (next_ < added_ && arrays_[next_].line >= arrays_[next_].end) next_++;
    if (next_ == added_) return {reinterpret_cast<const char*>(this), 0};
    const char* const first = arrays_[next_].line;
    arrays_[next_].line += kLine * count;
    return {first, kLine};
  }

 private:
  static constexpr ptrdiff_t kLine = 64;  // bytes
  static constexpr int kMost = 12;
  struct Array {
    const char *line, *end;
  };
  Array arrays_[kMost] = {};
  int added_ = 0, next_ = 0;
};

}  // namespace dse
