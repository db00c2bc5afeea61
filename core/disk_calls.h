#pragma once

#include <sys/types.h>

#include <cstddef>

namespace dse {

// The calls of the system by which files are written (durable_file.h). Tests put others in their
// place that fail, in this process and those forked from it later; nothing else does.
struct DiskCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  ssize_t (*write)(int file, const void* bytes, size_t size);
  int (*sync)(int file);
  int (*rename)(const char* from, const char* to);
};
DiskCalls& CurrentDiskCalls();

}  // namespace dse
