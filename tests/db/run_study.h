#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/claims.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {

// The single value of a query.
inline std::string Column(Database& db, const std::string& sql) {
  return db.impl().connection.QueryText(sql);
}

// A study of `count` runs, open.
struct RunStudy {
  explicit RunStudy(int count)
      : path(folder / "a.db"),
        runs(MakeStudy(path, count)),
        db(Database::Open(path, OpenMode::kReadWrite)) {}
  std::optional<ClaimedRun> Claim(double lease_seconds = 1000, int retries = 2) {
    ClaimRequest request = Request(runs, lease_seconds);
    request.retries = retries;
    return ClaimNext(db, owner, request);
  }
  TempFolder folder;
  std::string path;
  std::vector<int64_t> runs;
  Database db;
  Owner owner = Owner::ThisProcess();
};

// The same, where there is a run to claim.
struct HeldStudy : RunStudy {
  using RunStudy::RunStudy;
  ClaimedRun Claim(double lease_seconds = 1000) { return RunStudy::Claim(lease_seconds).value(); }
};

inline FinishedRun Failed(const std::string& message) {
  FinishedRun failed;
  failed.state = RunState::kFailed;
  failed.message = message;
  return failed;
}

}  // namespace dse
