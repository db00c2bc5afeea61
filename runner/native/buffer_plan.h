#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dse::native {

// Number of a buffer in a BufferPlan; -1 is none.
using BufferId = int;

// Values of each image of a batch that live from one phase to another.
struct Buffer {
  std::string name;   // "trunk_output.block1.block1-0.f.a output"
  size_t floats = 0;  // of an image, a multiple of 16
  int first = 0;      // phase that writes it
  int last = 0;       // phase that reads it for the last time
  size_t offset = 0;  // floats of an image before it
};

// Buffers share memory where their lives do not overlap.
class BufferPlan {
 public:
  BufferId Add(const std::string& name, size_t floats, int first, int last);
  // To be called after the last Add: places each buffer as low as those that live beside it allow,
  // the largest first. Behind an image's are the 64 bytes that a pass may read (kernels/rows.h),
  // so that none reads what another thread writes of the next image.
  void Place();

  const Buffer& operator[](BufferId id) const { return buffers_[static_cast<size_t>(id)]; }
  const std::vector<Buffer>& all() const { return buffers_; }
  size_t floats() const { return floats_; }  // of an image, of all buffers together

 private:
  std::vector<Buffer> buffers_;
  size_t floats_ = 0;
};

}  // namespace dse::native
