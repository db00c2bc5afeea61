#include "tests/runner/native/counted_new.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<int64_t> allocations = 0;
std::atomic<int64_t> bytes = 0;

constexpr size_t kUsual = alignof(std::max_align_t);

// The size stands before what is given out, which begins one alignment behind what malloc gave.
void* TryAllocate(size_t size, size_t alignment = kUsual) {
  void* memory = nullptr;
  if (size > SIZE_MAX - alignment) return nullptr;
  if (posix_memalign(&memory, alignment, alignment + size) != 0) return nullptr;
  ++allocations;
  bytes += static_cast<int64_t>(size);
  auto* const given = static_cast<std::byte*>(memory) + alignment;
  std::memcpy(given - sizeof size, &size, sizeof size);
  return given;
}

void* Allocate(size_t size, size_t alignment = kUsual) {
  void* const given = TryAllocate(size, alignment);
  if (given == nullptr) throw std::bad_alloc();
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

// Every form: what is left out a sanitizer's library would give out, and ours take back.
void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<size_t>(alignment));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept { return TryAllocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return TryAllocate(size); }
void* operator new(size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return TryAllocate(size, static_cast<size_t>(alignment));
}
void* operator new[](size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return TryAllocate(size, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, size_t) noexcept { Free(memory); }
void operator delete[](void* memory, size_t) noexcept { Free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete(void* memory, size_t, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete[](void* memory, size_t, std::align_val_t alignment) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete(void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}
void operator delete[](void* memory, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  Free(memory, static_cast<size_t>(alignment));
}

namespace dse {

int64_t CountAllocations() { return allocations; }
int64_t AllocatedBytes() { return bytes; }

}  // namespace dse
