#include "runner/native/kernels/prefetcher.h"

#include <unistd.h>

#include <atomic>

namespace dse {
namespace {

size_t BytesOfL2() {
#ifdef _SC_LEVEL2_CACHE_SIZE
  if (const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0) return size_t(bytes);
#endif
  return size_t{1} << 20;
}

std::atomic<size_t>& Most() {
  static std::atomic<size_t> floats = BytesOfL2() / 8 * 5 / sizeof(float);
  return floats;
}

}  // namespace

size_t Prefetcher::MostFloats() { return Most(); }

void Prefetcher::SetMostFloats(size_t floats) { Most() = floats; }

}  // namespace dse
