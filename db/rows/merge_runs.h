#pragma once

#include <cstdint>
#include <string>

#include "db/merge.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// The half of a merge that says what became of runs: from the file attached as `source` into the
// connection's own, within a transaction, after MergeDocuments.
class RunMerger {
 public:
  // `name` is the other file's for people.
  RunMerger(sqlite::Connection& connection, std::string name, Prefer prefer);

  // In this order. Matches runs by key, and by what they are, and inserts those that the file does
  // not know: temp.merge_runs(s_id, id, fresh).
  void MatchRuns();
  // Matches attempts, and gives those that the file does not know a number in it:
  // temp.merge_attempts(s_run, s_attempt, run_id, attempt, news), news 0 = known, 1 = new,
  // 2 = known, but how it ended was not. Runs that somebody trains into the file are left out, and
  // attempts of runs that are cancelled in it.
  void MatchAttempts();
  void CopyAttempts();
  // Gives runs their results and finds rivals; temp.merge_taken(run_id, before) are the runs whose
  // result is another now, with the attempt they had.
  void TakeResults();
  void SettleRivals();
  void CopyEvaluations();
  // Conflicts, replaced results and what lies beside the databases.
  MergeSummary Summary();
  std::vector<ReplacedResult> Replaced();

 private:
  int64_t Run(const std::string& sql);
  void LeaveBusyRuns();
  void NumberImportedResults();
  void CountFailures();
  void ShowNewest();
  void ListConflicts();
  void ListMerged();
  void ListReplaced();

  sqlite::Connection& connection_;
  const std::string name_;
  const Prefer prefer_;
  MergeSummary summary_;
};

}  // namespace dse
