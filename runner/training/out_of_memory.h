#pragma once

#include <new>
#include <string>
#include <utility>

namespace dse {

// The memory that networks are in ran out. What is tried again in smaller parts; `certain` is false
// where a library failed in words that may mean something else, which half a batch will tell.
class OutOfMemory : public std::bad_alloc {
 public:
  OutOfMemory(std::string message, bool certain)
      : message_(std::move(message)), certain_(certain) {}
  const char* what() const noexcept override { return message_.c_str(); }
  bool certain() const { return certain_; }

 private:
  std::string message_;
  bool certain_;
};

// Throws what a std::bad_alloc is beside a device: OutOfMemory where the device computes in the
// machine's memory, and Error of this machine where it has memory of its own.
[[noreturn]] void ThrowHostMemory(const std::string& device_name, bool has_own_memory);

}  // namespace dse
