#include "db/merge.h"

#include "db/rows/merge_documents.h"
#include "db/rows/merge_runs.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// The other file's tables under the name `source`, for a scope.
class AttachedSource {
 public:
  AttachedSource(sqlite::Connection& connection, const std::string& path)
      : connection_(connection) {
    connection_.AttachReadOnly(path, "source");
  }
  ~AttachedSource() {
    try {
      connection_.Detach("source");
    } catch (const Error&) {
      // It goes with the connection.
    }
  }
  AttachedSource(const AttachedSource&) = delete;
  AttachedSource& operator=(const AttachedSource&) = delete;

 private:
  sqlite::Connection& connection_;
};

}  // namespace

void CheckMergeable(Database& db, const std::string& shard, const std::string& name) {
  sqlite::Connection& connection = WritableConnection(db);
  const AttachedSource attached(connection, shard);
  const sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  CheckPopulations(connection, name);
}

MergeSummary MergeRows(Database& db, const std::string& shard, const std::string& name,
                       const MergeOptions& options) {
  sqlite::Connection& connection = WritableConnection(db);
  const AttachedSource attached(connection, shard);
  RunMerger runs(connection, name, options.prefer);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  CheckPopulations(connection, name);
  int64_t rows = MergeDocuments(connection);
  runs.MatchRuns();
  runs.MatchAttempts();
  runs.CopyAttempts();
  runs.TakeResults();
  runs.SettleRivals();
  runs.CopyEvaluations();
  rows += MergeSeries(connection);
  MergeSummary summary = runs.Summary();
  summary.rows += rows;
  if (options.prefer != Prefer::kFirst) summary.properties = ListPropertyConflicts(connection);
  if (options.before_commit) options.before_commit(runs.Replaced());
  transaction.Commit();
  return summary;
}

}  // namespace dse
