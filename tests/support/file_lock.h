#pragma once

#include <string>

#include "db/sqlite/sqlite.h"

namespace dse {

// Another program that has a results file to itself while it lives.
class FileLock {
 public:
  explicit FileLock(const std::string& path) : other_(path, sqlite::Access::kReadWrite) {
    other_.Execute("BEGIN EXCLUSIVE");
  }
  // What it does meanwhile.
  void Execute(const std::string& sql) { other_.Execute(sql); }

 private:
  sqlite::Connection other_;
};

}  // namespace dse
