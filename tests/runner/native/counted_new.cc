#include "tests/runner/native/counted_new.h"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<int64_t> allocations = 0;
std::atomic<int64_t> bytes = 0;

constexpr size_t kUsual = alignof(std::max_align_t);

// The size stands before what is given out, which begins one alignment behind what malloc gave.
void* Allocate(size_t size, size_t alignment = kUsual) {
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, alignment + size) != 0) throw std::bad_alloc();
  ++allocations;
  bytes += static_cast<int64_t>(size);
  auto* const given = static_cast<std::byte*>(memory) + alignment;
  std::memcpy(given - sizeof size, &size, sizeof size);
  return given;
}

void Free(void* given, size_t alignment = kUsual) {
  if (given == nullptr) return;
  size_t size = 0;
  std::memcpy(&size, static_cast<std::byte*>(given) - sizeof size, sizeof size);
  bytes -= static_cast<int64_t>(size);
  std::free(static_cast<std::byte*>(given) - alignment);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  try {
    return Allocate(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete(void* memory, size_t, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}

namespace dse {

int64_t CountAllocations() { return allocations; }
int64_t AllocatedBytes() { return bytes; }

}  // namespace dse
