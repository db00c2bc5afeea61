#include "runner/native/buffer_plan.h"

#include <algorithm>
#include <numeric>

#include "runner/native/float_array.h"

namespace dse::native {
namespace {

bool LiveTogether(const Buffer& a, const Buffer& b) {
  return a.first <= b.last && b.first <= a.last;
}

// The lowest gap of `floats` between buffers that are sorted by offset.
size_t LowestGap(const std::vector<const Buffer*>& placed, size_t floats) {
  size_t offset = 0;
  for (const Buffer* other : placed) {
    if (offset + floats <= other->offset) break;
    offset = std::max(offset, other->offset + other->floats);
  }
  return offset;
}

}  // namespace

BufferId BufferPlan::Add(const std::string& name, size_t floats, int first, int last) {
  buffers_.push_back({name, FloatArray::Rounded(floats), first, last});
  return static_cast<BufferId>(buffers_.size()) - 1;
}

void BufferPlan::Place() {
  std::vector<size_t> order(buffers_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return buffers_[a].floats > buffers_[b].floats; });
  std::vector<const Buffer*> placed, beside;  // by offset
  for (const size_t number : order) {
    Buffer& buffer = buffers_[number];
    beside.clear();
    std::ranges::copy_if(placed, std::back_inserter(beside),
                         [&](const Buffer* other) { return LiveTogether(buffer, *other); });
    buffer.offset = LowestGap(beside, buffer.floats);
    floats_ = std::max(floats_, buffer.offset + buffer.floats);
    placed.insert(std::ranges::upper_bound(placed, buffer.offset, {}, &Buffer::offset), &buffer);
  }
  floats_ += FloatArray::kVector;
}

}  // namespace dse::native
