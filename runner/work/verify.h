#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "db/verify.h"

namespace dse {

// What `dse verify` was asked for.
struct VerifyRequest {
  std::string db_path;
  std::string work_dir;  // of the database's checkpoints and weights; "" = DATABASE.d
  bool deep = false;     // read every byte of checkpoints and weights, not their headers alone
  bool clean = false;    // remove the files that no run needs
};

// One results file with its checkpoints and weights.
struct VerifiedFile {
  std::string path;
  VerifiedRows rows;
  int64_t files = 0;     // checkpoints and weights
  int64_t findings = 0;  // that were told
  int64_t removed = 0;   // of the files
};

// Checks the rows (db/verify.h), the keys of recipes, and the files of the database and of its
// shards: those that no run needs (orphans.h), weights and checkpoints that cannot be read, whose
// checksum does not hold or that are of another network. Calls `tell` with a line for each finding
// and each file removed. Nothing is locked while it is called. Writes nothing unless it is to
// clean: not even what a process that was killed left half-written is rolled back. Throws Error
// where the database itself cannot be read; a shard that cannot is a finding, and which files no
// run needs is not told then.
std::vector<VerifiedFile> VerifyStudy(const VerifyRequest& request,
                                      const std::function<void(const std::string& line)>& tell);

}  // namespace dse
