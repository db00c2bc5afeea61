#include "core/disk_calls.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace dse {
namespace {

int Open(const char* path, int flags, mode_t mode) { return open(path, flags, mode); }

}  // namespace

DiskCalls& CurrentDiskCalls() {
  static DiskCalls calls{Open, write, fsync, std::rename};
  return calls;
}

}  // namespace dse
