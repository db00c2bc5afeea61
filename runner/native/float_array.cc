#include "runner/native/float_array.h"

#include <sys/mman.h>

#include <algorithm>

namespace dse::native {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

FloatArray::FloatArray(size_t size) : size_(size) {
  const size_t bytes = (size + kVector) * sizeof(float);
  const size_t huge = bytes / kHugePage * kHugePage;  // the rest in small pages
  const std::align_val_t alignment{huge > 0 ? kHugePage : kVector * sizeof(float)};
  floats_ = {static_cast<float*>(::operator new(bytes, alignment)), Delete{alignment}};
  if (huge > 0) madvise(floats_.get(), huge, MADV_HUGEPAGE);  // advice: it may be declined
  std::fill_n(floats_.get(), size + kVector, 0.0f);
}

}  // namespace dse::native
