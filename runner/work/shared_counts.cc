#include "runner/work/shared_counts.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <new>

#include "core/error.h"

namespace dse {

SharedCounts::SharedCounts(int workers)
    : bytes_(sizeof(Block) + static_cast<size_t>(workers) * sizeof(WorkerSlot)) {
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw Error(std::string("cannot share memory with the workers: ") + std::strerror(errno));
  }
  block_ = new (memory) Block{};
  auto* slots = reinterpret_cast<WorkerSlot*>(static_cast<char*>(memory) + sizeof(Block));
  slots_ = {slots, static_cast<size_t>(workers)};
  std::uninitialized_value_construct(slots_.begin(), slots_.end());
}

SharedCounts::~SharedCounts() { munmap(block_, bytes_); }

void SharedCounts::SetFailure(WorkerSlot& slot, const std::string& text) {
  const size_t length = text.copy(slot.failure, sizeof(slot.failure) - 1);
  slot.failure[length] = '\0';
}

void SharedCounts::SetDevice(WorkerSlot& slot, const std::string& name) {
  if (slot.named) return;
  const size_t length = name.copy(slot.device, sizeof(slot.device) - 1);
  slot.device[length] = '\0';
  slot.named = true;
}

}  // namespace dse
