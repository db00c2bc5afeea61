#include "runner/torch/memory.h"

#include <cstdlib>  // defines __GLIBC__ where it is glibc

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace dse {

void KeepFreedMemory() {
#if defined(__GLIBC__)
  static const bool done = [] {
    mallopt(M_MMAP_MAX, 0);         // everything from the heap
    mallopt(M_TRIM_THRESHOLD, -1);  // which never shrinks
    mallopt(M_TOP_PAD, 256 << 20);  // and grows in large steps
    mallopt(M_ARENA_MAX, 1);        // only the main heap can hold tensors of any size
    return true;
  }();
  static_cast<void>(done);
#endif
}

}  // namespace dse
