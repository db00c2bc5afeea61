#include "analysis/statistics/index_draws.h"

#include <algorithm>

namespace dse {

IndexDraws::IndexDraws(uint64_t key, uint64_t stream, uint32_t n)
    : key_(key), stream_(stream), n_(n), reject_below_((0 - n) % n), spare_(~key, stream) {}

// Lemire's method (2019): the high half of word * n is the draw, unless the low half is one of the
// few that occur once too often.
void IndexDraws::MakeBlock(uint32_t* out) {
  std::array<uint32_t, kBlock> words;
  Philox4x32Lanes(key_, next_counter_, stream_, words.data());
  next_counter_ += kPhiloxLanes;
  uint32_t rejected = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const uint64_t product = uint64_t{words[i]} * n_;
    out[i] = static_cast<uint32_t>(product >> 32);
    rejected |= static_cast<uint32_t>(product) < reject_below_ ? 1u : 0u;
  }
  if (rejected == 0) return;
  for (size_t i = 0; i < kBlock; ++i) {
    if (words[i] * n_ < reject_below_) out[i] = static_cast<uint32_t>(spare_.Below(n_));
  }
}

void IndexDraws::Fill(std::span<uint32_t> out) {
  while (!out.empty()) {
    if (used_ == kBlock && out.size() >= kBlock) {
      MakeBlock(out.data());
      out = out.subspan(kBlock);
      continue;
    }
    if (used_ == kBlock) {
      MakeBlock(block_.data());
      used_ = 0;
    }
    const size_t count = std::min(out.size(), kBlock - used_);
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(used_), count, out.begin());
    used_ += count;
    out = out.subspan(count);
  }
}

}  // namespace dse
