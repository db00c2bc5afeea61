#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"
#include "db/run_list.h"

namespace dse {

// What people do to runs by hand. Each call is one transaction, and the same call again changes
// nothing more. Names and ids as in ListRuns.

struct RetrySummary {
  StateCounts retried;   // by the state they were in
  StateCounts left;      // likewise; pending ones wait already
  int64_t imported = 0;  // of those left: results from elsewhere, which nothing here can train
};
// Makes runs pending again with all their tries: failed, out_of_memory, diverged and cancelled
// ones, those whose owner is gone, and done ones if the filter asks for that state or for runs by
// id. What a run came to before stays with its attempts.
RetrySummary RetryRuns(Database& db, const RunFilter& filter);

struct CancelSummary {
  int64_t pending = 0;   // were waiting
  int64_t running = 0;   // were in somebody's hands, who loses them
  int64_t restored = 0;  // of these: have the result again that they had before a retry
  int64_t failed = 0;    // failed in a retry, and have the result again that they had before it
};
// Ends pending and running runs: one that had come to a result before (EarlierResult) has it again,
// others are cancelled. A process that trains one notices when it next renews its lease or stores
// an epoch, and its result does not count. Failed runs with an earlier result have it again.
CancelSummary CancelRuns(Database& db, const RunFilter& filter);

struct ForgetSummary {
  StateCounts forgotten;                 // by the state they were in
  std::vector<std::string> populations;  // they belonged to
  std::vector<std::string> keys;         // natural, of the runs: their files have these names
};
// Deletes runs with all that became of them. Throws Error, changing nothing, where one is running.
ForgetSummary ForgetRuns(Database& db, const RunFilter& filter);

}  // namespace dse
