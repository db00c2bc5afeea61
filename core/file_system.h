#pragma once

#include <cstdint>
#include <string>

namespace dse {

// What a file lies on. On a network, where several machines write, SQLite's locks cannot be relied
// upon, and a file is written by one of them.
struct FileSystem {
  std::string name;      // "NFS", "ext4"; the number as text ("0x12345678") where it is not known
  bool network = false;  // files may be seen by several machines
  bool known = true;     // else nothing says what it is
};

// By the f_type that statfs(2) gives.
FileSystem FileSystemOfType(uint64_t type);

// Of a file or folder, symbolic links followed; of its nearest parent that exists, where it does
// not exist itself. Throws Error, the machine's fault, where that cannot be told.
FileSystem FileSystemOf(const std::string& path);

}  // namespace dse
