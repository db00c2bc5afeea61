#include "db/rows/merge_runs.h"

#include <utility>
#include <vector>

#include "db/owner.h"
#include "db/rows/run_rows.h"

namespace dse {
namespace {

// The columns of a result, in runs and (but for the first two and the last two) in attempts.
constexpr const char* kRunColumns =
    "attempt, failures, losses, error, best_error, micro_batch, seconds, img_per_s, message, host,"
    " device, dse_version, engine, precision, started_at, finished_at, data_uri";

constexpr const char* kResults = "('done', 'diverged', 'out_of_memory')";

// Whether the results of r and s are the same; a best error that is not known is any.
constexpr const char* kSameResult =
    "(r.state = s.state AND r.error IS s.error"
    " AND coalesce(r.best_error, s.best_error) IS coalesce(s.best_error, r.best_error))";

constexpr const char* kMatchByKey =
    "INSERT INTO temp.merge_runs SELECT s.id, r.id, 0 FROM source.runs s"
    " JOIN main.runs r ON r.key = s.key";
// Runs of a dataset that took over older ones have other keys than elsewhere.
constexpr const char* kMatchByContents =
    "INSERT INTO temp.merge_runs SELECT s.id, min(r.id), 0 FROM source.runs s"
    " JOIN source.recipes q ON q.id = s.recipe_id AND q.document <> '{}'"
    " JOIN temp.merge_models o ON o.s_id = s.model_id"
    " JOIN temp.merge_recipes c ON c.s_id = s.recipe_id"
    " JOIN temp.merge_datasets d ON d.s_id = s.dataset_id"
    " JOIN main.runs r ON r.model_id = o.id AND r.recipe_id = c.id AND r.dataset_id = d.id"
    "  AND r.seed = s.seed"
    " WHERE s.id NOT IN (SELECT s_id FROM temp.merge_runs)"
    " AND r.id NOT IN (SELECT id FROM temp.merge_runs) GROUP BY s.id";
constexpr const char* kMapNewRuns =
    "INSERT INTO temp.merge_runs SELECT s.id, r.id, 1 FROM source.runs s"
    " JOIN main.runs r ON r.key = s.key WHERE s.id NOT IN (SELECT s_id FROM temp.merge_runs)";

// An attempt is the same where one owner began it at one time.
constexpr const char* kMatchAttempts =
    "INSERT INTO temp.merge_attempts"
    " SELECT a.run_id, a.attempt, w.id,"
    "  coalesce(k.attempt, CASE WHEN w.fresh THEN a.attempt ELSE"
    "   (SELECT max(r.attempt, coalesce((SELECT max(n.attempt) FROM main.attempts n"
    "     WHERE n.run_id = r.id), 0)) FROM main.runs r WHERE r.id = w.id)"
    "   + row_number() OVER (PARTITION BY w.id, k.run_id IS NULL ORDER BY a.attempt) END),"
    "  CASE WHEN k.run_id IS NULL THEN 1 WHEN k.outcome = 'lost' AND a.outcome <> 'lost' THEN 2"
    "   ELSE 0 END"
    " FROM source.attempts a JOIN temp.merge_runs w ON w.s_id = a.run_id"
    " LEFT JOIN main.attempts k ON k.run_id = w.id AND k.owner = a.owner"
    "  AND k.started_at = a.started_at";

// What was unfinished when its process ended is lost; until its lease ran out it may have lived.
constexpr const char* kCopyAttempts =
    "INSERT INTO main.attempts(run_id, attempt, owner, host, device, started_at, ended_at, outcome,"
    "  message, error, best_error, micro_batch, seconds, img_per_s, dse_version, engine, precision)"
    " SELECT w.run_id, w.attempt, a.owner, a.host, a.device, a.started_at,"
    "  coalesce(a.ended_at, max(a.started_at, min(?1, coalesce(r.lease_expires, 0)))),"
    "  coalesce(a.outcome, 'lost'), a.message, a.error, a.best_error, a.micro_batch, a.seconds,"
    "  a.img_per_s, a.dse_version, a.engine, a.precision"
    " FROM temp.merge_attempts w JOIN source.runs r ON r.id = w.s_run"
    " JOIN source.attempts a ON a.run_id = w.s_run AND a.attempt = w.s_attempt WHERE w.news = 1";
constexpr const char* kUpdateAttempts =
    "UPDATE main.attempts SET ended_at = a.ended_at, outcome = a.outcome, message = a.message,"
    "  error = a.error, best_error = a.best_error, micro_batch = a.micro_batch,"
    "  seconds = a.seconds, img_per_s = a.img_per_s, dse_version = a.dse_version,"
    "  engine = a.engine, precision = a.precision"
    " FROM temp.merge_attempts w"
    " JOIN source.attempts a ON a.run_id = w.s_run AND a.attempt = w.s_attempt"
    " WHERE w.news = 2 AND main.attempts.run_id = w.run_id AND main.attempts.attempt = w.attempt";
constexpr const char* kCopyEpochs =
    "INSERT INTO main.epochs(run_id, attempt, epoch, lr, train_loss, train_error, test_loss,"
    "  test_error, seconds)"
    " SELECT w.run_id, w.attempt, e.epoch, e.lr, e.train_loss, e.train_error, e.test_loss,"
    "  e.test_error, e.seconds"
    " FROM temp.merge_attempts w JOIN source.epochs e ON e.run_id = w.s_run"
    "  AND e.attempt = w.s_attempt WHERE w.news > 0 ON CONFLICT DO NOTHING";
constexpr const char* kCopyRivals =
    "INSERT INTO main.rivals(run_id, attempt, source, settled)"
    " SELECT w.run_id, w.attempt, x.source, x.settled FROM source.rivals x"
    " JOIN temp.merge_attempts w ON w.s_run = x.run_id AND w.s_attempt = x.attempt"
    " WHERE w.news = 1 ON CONFLICT DO NOTHING";

}  // namespace

RunMerger::RunMerger(sqlite::Connection& connection, std::string name, Prefer prefer)
    : connection_(connection), name_(std::move(name)), prefer_(prefer) {
  connection_.Execute(
      "DROP TABLE IF EXISTS temp.merge_runs; DROP TABLE IF EXISTS temp.merge_attempts;"
      "DROP TABLE IF EXISTS temp.merge_results; DROP TABLE IF EXISTS temp.merge_taken;"
      "CREATE TEMP TABLE merge_runs(s_id INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE,"
      " fresh INTEGER NOT NULL);"
      "CREATE TEMP TABLE merge_attempts(s_run INTEGER NOT NULL, s_attempt INTEGER NOT NULL,"
      " run_id INTEGER NOT NULL, attempt INTEGER NOT NULL, news INTEGER NOT NULL,"
      " PRIMARY KEY(s_run, s_attempt)) WITHOUT ROWID;"
      "CREATE TEMP TABLE merge_results(run_id INTEGER PRIMARY KEY, s_run INTEGER NOT NULL,"
      " attempt INTEGER);"
      "CREATE TEMP TABLE merge_taken(run_id INTEGER PRIMARY KEY, before INTEGER NOT NULL)");
}

int64_t RunMerger::Run(const std::string& sql) { return sqlite::Statement(connection_, sql).Run(); }

void RunMerger::MatchRuns() {
  Run(kMatchByKey);
  Run(kMatchByContents);
  const std::string columns = kRunColumns;
  summary_.runs =
      Run("INSERT INTO main.runs(key, model_id, recipe_id, dataset_id, seed, state, " + columns +
          ") SELECT s.key, o.id, c.id, d.id, s.seed,"
          " CASE s.state WHEN 'running' THEN 'pending' ELSE s.state END, " +
          columns +
          " FROM source.runs s LEFT JOIN temp.merge_models o ON o.s_id = s.model_id"
          " JOIN temp.merge_recipes c ON c.s_id = s.recipe_id"
          " JOIN temp.merge_datasets d ON d.s_id = s.dataset_id"
          " WHERE s.id NOT IN (SELECT s_id FROM temp.merge_runs) ORDER BY s.id");
  summary_.rows += summary_.runs;
  Run(kMapNewRuns);
}

void RunMerger::MatchAttempts() {
  Run(kMatchAttempts);
  LeaveBusyRuns();
  // What became of runs that are cancelled in the file is left where it is: if one is wanted again,
  // the next merge brings it.
  Run("DELETE FROM temp.merge_attempts WHERE run_id IN (SELECT m.id FROM temp.merge_runs m"
      " JOIN main.runs r ON r.id = m.id WHERE NOT m.fresh AND r.state = 'cancelled')");
}

// Runs in the hands of somebody who may live.
void RunMerger::LeaveBusyRuns() {
  std::vector<int64_t> busy;
  sqlite::Statement held(connection_,
                         "SELECT r.id, r.owner, EXISTS (SELECT 1 FROM temp.merge_attempts a"
                         "  WHERE a.s_run = w.s_id AND a.news > 0)"
                         " FROM temp.merge_runs w JOIN main.runs r ON r.id = w.id"
                         " WHERE r.state = 'running' AND r.lease_expires >= ?",
                         sqlite::Now());
  while (held.Step()) {
    if (Owner::FromToken(held.Text(1)).CertainlyDead()) continue;
    busy.push_back(held.Int(0));
    summary_.busy += held.Int(2);
  }
  sqlite::Statement attempts(connection_, "DELETE FROM temp.merge_attempts WHERE run_id = ?");
  sqlite::Statement runs(connection_, "DELETE FROM temp.merge_runs WHERE id = ?");
  for (const int64_t id : busy) {
    attempts.Bind(id).Run();
    runs.Bind(id).Run();
  }
}

void RunMerger::CopyAttempts() {
  summary_.attempts = sqlite::Statement(connection_, kCopyAttempts, sqlite::Now()).Run();
  const int64_t ended = Run(kUpdateAttempts);
  summary_.epochs = Run(kCopyEpochs);
  summary_.rows += summary_.attempts + ended + summary_.epochs + Run(kCopyRivals);
}

// An imported result that contradicts the file's gets an attempt, so that it can be shown.
void RunMerger::NumberImportedResults() {
  const std::string contradicts =
      " FROM temp.merge_results t JOIN source.runs s ON s.id = t.s_run"
      " JOIN main.runs r ON r.id = t.run_id"
      " WHERE t.attempt IS NULL AND r.state IN " +
      std::string(kResults) + " AND NOT " + kSameResult;
  Run("DELETE FROM temp.merge_results WHERE run_id IN (SELECT t.run_id" + contradicts +
      " AND EXISTS (SELECT 1 FROM main.attempts a WHERE a.run_id = r.id AND a.owner = '" +
      kImported + "' AND a.outcome = s.state AND a.error IS s.error" +
      " AND a.best_error IS s.best_error))");
  Run("UPDATE temp.merge_results SET attempt = 1 + (SELECT max(r.attempt, coalesce((SELECT"
      "  max(a.attempt) FROM main.attempts a WHERE a.run_id = r.id), 0)) FROM main.runs r"
      "  WHERE r.id = merge_results.run_id) WHERE run_id IN (SELECT t.run_id" +
      contradicts + ")");
  summary_.rows +=
      Run("INSERT INTO main.attempts(run_id, attempt, owner, host, device, started_at, ended_at,"
          "  outcome, message, error, best_error, micro_batch, seconds, img_per_s)"
          " SELECT t.run_id, t.attempt, '" +
          std::string(kImported) +
          "', coalesce(s.host, ''), coalesce(s.device, ''), coalesce(s.started_at, 0),"
          "  coalesce(s.finished_at, 0), s.state, s.message, s.error, s.best_error, s.micro_batch,"
          "  s.seconds, s.img_per_s"
          " FROM temp.merge_results t JOIN source.runs s ON s.id = t.s_run"
          " WHERE t.attempt IS NOT NULL AND NOT EXISTS (SELECT 1 FROM main.attempts a"
          "  WHERE a.run_id = t.run_id AND a.attempt = t.attempt)");
}

// Tries and losses of open runs, as if they had been in the file.
void RunMerger::CountFailures() {
  Run("UPDATE main.runs SET failures = failures + q.failed, losses = q.losses"
      " FROM (SELECT w.run_id, s.losses,"
      "   count(*) FILTER (WHERE a.outcome = 'failed' AND w.news = 1) AS failed"
      "  FROM temp.merge_attempts w JOIN temp.merge_runs m ON m.s_id = w.s_run AND NOT m.fresh"
      "  JOIN source.runs s ON s.id = w.s_run"
      "  JOIN source.attempts a ON a.run_id = w.s_run AND a.attempt = w.s_attempt"
      "  WHERE w.news > 0 GROUP BY w.run_id) q"
      " WHERE main.runs.id = q.run_id AND main.runs.state IN ('pending', 'failed')");
}

void RunMerger::TakeResults() {
  const std::string results = kResults;
  CountFailures();
  // What the shard's runs came to, where the file does not know it yet.
  Run("INSERT INTO temp.merge_results"
      " SELECT m.id, s.id, w.attempt FROM temp.merge_runs m JOIN source.runs s ON s.id = m.s_id"
      " LEFT JOIN temp.merge_attempts w ON w.s_run = s.id AND w.s_attempt = s.attempt"
      " WHERE NOT m.fresh AND ((s.state IN " +
      results + " AND (w.s_run IS NULL OR w.news > 0)) OR (s.state = 'failed' AND w.news > 0))");
  summary_.cancelled = connection_.QueryInt(
      "SELECT count(*) FROM temp.merge_results t JOIN main.runs r ON r.id = t.run_id"
      " WHERE r.state = 'cancelled'");
  NumberImportedResults();
  Run("INSERT INTO temp.merge_taken SELECT r.id, r.attempt FROM temp.merge_results t"
      " JOIN source.runs s ON s.id = t.s_run JOIN main.runs r ON r.id = t.run_id"
      " WHERE r.state IN ('pending', 'failed') OR (r.state = 'running' AND s.state <> 'failed')");
  sqlite::Statement(connection_,
                    "UPDATE main.attempts SET outcome = 'lost', ended_at = max(started_at, ?)"
                    " FROM temp.merge_taken t WHERE main.attempts.run_id = t.run_id"
                    " AND main.attempts.attempt = t.before AND outcome IS NULL",
                    sqlite::Now())
      .Run();
  summary_.results =
      Run("UPDATE main.runs SET state = s.state, owner = NULL, lease_expires = NULL,"
          " attempt = coalesce(t.attempt, main.runs.attempt), error = s.error,"
          " best_error = s.best_error, micro_batch = s.micro_batch, seconds = s.seconds,"
          " img_per_s = s.img_per_s, message = s.message, host = s.host, device = s.device,"
          " dse_version = s.dse_version, engine = s.engine, precision = s.precision,"
          " started_at = s.started_at, finished_at = s.finished_at, data_uri = s.data_uri"
          " FROM temp.merge_results t JOIN source.runs s ON s.id = t.s_run"
          " WHERE main.runs.id = t.run_id AND t.run_id IN (SELECT run_id FROM temp.merge_taken)");
  sqlite::Statement rival(
      connection_,
      "INSERT INTO main.rivals(run_id, attempt, source)"
      " SELECT r.id, t.attempt, ?1 FROM temp.merge_results t JOIN source.runs s ON s.id = t.s_run"
      " JOIN main.runs r ON r.id = t.run_id"
      " WHERE t.attempt IS NOT NULL AND t.attempt <> r.attempt AND s.state <> 'failed'"
      " AND r.state IN " +
          results + " AND NOT " + kSameResult + " ON CONFLICT DO NOTHING",
      name_);
  summary_.rows += summary_.results + rival.Run();
}

void RunMerger::SettleRivals() {
  if (prefer_ == Prefer::kNeither) return;
  if (prefer_ == Prefer::kNewest) ShowNewest();
  summary_.rows +=
      Run("UPDATE main.rivals SET settled = 1 WHERE settled = 0"
          " AND run_id IN (SELECT id FROM temp.merge_runs)");
}

// Exchanges results with rivals that ended later.
void RunMerger::ShowNewest() {
  connection_.Execute(
      "DROP TABLE IF EXISTS temp.merge_winners;"
      "CREATE TEMP TABLE merge_winners AS SELECT x.run_id, x.attempt, max(a.ended_at) AS ended,"
      "  r.attempt AS before FROM main.rivals x"
      "  JOIN main.attempts a ON a.run_id = x.run_id AND a.attempt = x.attempt"
      "  JOIN main.runs r ON r.id = x.run_id JOIN temp.merge_runs w ON w.id = r.id"
      "  WHERE x.settled = 0 AND r.state IN ('done', 'diverged', 'out_of_memory')"
      "  AND a.ended_at > coalesce(r.finished_at, 0) GROUP BY x.run_id");
  // A result that was imported has no attempt until it is replaced.
  Run("INSERT INTO main.attempts(run_id, attempt, owner, host, device, started_at, ended_at,"
      "  outcome, message, error, best_error, micro_batch, seconds, img_per_s)"
      " SELECT r.id, (SELECT max(attempt) + 1 FROM main.attempts WHERE run_id = r.id), '" +
      std::string(kImported) +
      "', coalesce(r.host, ''), coalesce(r.device, ''), coalesce(r.started_at, 0),"
      "  coalesce(r.finished_at, 0), r.state, r.message, r.error, r.best_error, r.micro_batch,"
      "  r.seconds, r.img_per_s FROM temp.merge_winners v JOIN main.runs r ON r.id = v.run_id"
      " WHERE NOT EXISTS (SELECT 1 FROM main.attempts a WHERE a.run_id = r.id"
      "  AND a.attempt = r.attempt)");
  Run("UPDATE temp.merge_winners SET before = (SELECT max(attempt) FROM main.attempts a"
      " WHERE a.run_id = merge_winners.run_id) WHERE NOT EXISTS (SELECT 1 FROM main.attempts a"
      " WHERE a.run_id = merge_winners.run_id AND a.attempt = merge_winners.before)");
  sqlite::Statement(connection_,
                    "INSERT INTO main.rivals(run_id, attempt, source, settled)"
                    " SELECT run_id, before, ?, 1 FROM temp.merge_winners WHERE true"
                    " ON CONFLICT DO UPDATE SET settled = 1",
                    connection_.path())
      .Run();
  Run("INSERT INTO temp.merge_taken SELECT run_id, before FROM temp.merge_winners WHERE true"
      " ON CONFLICT DO NOTHING");
  summary_.results +=
      Run("UPDATE main.runs SET state = a.outcome, attempt = a.attempt, error = a.error,"
          " best_error = a.best_error, micro_batch = a.micro_batch, seconds = a.seconds,"
          " img_per_s = a.img_per_s, message = a.message, host = a.host, device = a.device,"
          " dse_version = a.dse_version, engine = a.engine, precision = a.precision,"
          " started_at = a.started_at, finished_at = a.ended_at, data_uri = NULL"
          " FROM temp.merge_winners v JOIN main.attempts a ON a.run_id = v.run_id"
          "  AND a.attempt = v.attempt WHERE main.runs.id = v.run_id");
  Run("DELETE FROM main.rivals WHERE (run_id, attempt) IN (SELECT run_id, attempt"
      " FROM temp.merge_winners)");
}

void RunMerger::CopyEvaluations() {
  // Tests of the weights of an earlier result say nothing of this one.
  Run("DELETE FROM main.evaluations WHERE run_id IN (SELECT t.run_id FROM temp.merge_taken t"
      " JOIN main.runs r ON r.id = t.run_id WHERE r.state = 'done')");
  summary_.rows +=
      Run("INSERT INTO main.evaluations(run_id, dataset_id, error, images, evaluated_at, loss,"
          "  data_uri, split, classes, naming)"
          " SELECT r.id, d.id, e.error, e.images, e.evaluated_at, e.loss, e.data_uri, e.split,"
          "  e.classes, e.naming"
          " FROM source.evaluations e JOIN temp.merge_runs m ON m.s_id = e.run_id"
          " JOIN source.runs s ON s.id = e.run_id JOIN main.runs r ON r.id = m.id"
          " JOIN temp.merge_datasets d ON d.s_id = e.dataset_id"
          " LEFT JOIN temp.merge_attempts w ON w.s_run = s.id AND w.s_attempt = s.attempt"
          " WHERE s.state = 'done' AND r.state = 'done'"
          "  AND (w.attempt = r.attempt OR (w.s_run IS NULL AND r.error IS s.error))"
          " ON CONFLICT(run_id, dataset_id) DO UPDATE SET error = excluded.error,"
          "  images = excluded.images, evaluated_at = excluded.evaluated_at,"
          "  loss = excluded.loss, data_uri = excluded.data_uri, split = excluded.split,"
          "  classes = excluded.classes, naming = excluded.naming"
          " WHERE excluded.evaluated_at > evaluations.evaluated_at");
}

void RunMerger::ListConflicts() {
  sqlite::Statement row(connection_,
                        "SELECT c.run_id, coalesce(c.hash, ''), c.recipe, c.seed, c.state, c.error,"
                        " c.other_state, c.other_error, c.source, r.best_error, a.best_error"
                        " FROM main.conflicts c JOIN temp.merge_runs w ON w.id = c.run_id"
                        " JOIN main.runs r ON r.id = c.run_id JOIN main.attempts a"
                        "  ON a.run_id = c.run_id AND a.attempt = c.other_attempt"
                        " WHERE c.settled = 0");
  while (row.Step()) {
    summary_.conflicts.push_back({row.Int(0), row.Text(1), row.Text(2), row.Int(3),
                                  StoredState(row.Text(4)), row.OptionalReal(5),
                                  StoredState(row.Text(6)), row.OptionalReal(7), row.Text(8),
                                  row.OptionalReal(9), row.OptionalReal(10)});
  }
}

void RunMerger::ListMerged() {
  sqlite::Statement row(
      connection_,
      "SELECT r.key, s.key, s.state = 'done' AND r.state = 'done'"
      "  AND coalesce(w.attempt = r.attempt, r.error IS s.error), r.state IN ('pending', 'failed')"
      " FROM temp.merge_runs m JOIN source.runs s ON s.id = m.s_id JOIN main.runs r ON r.id = m.id"
      " LEFT JOIN temp.merge_attempts w ON w.s_run = s.id AND w.s_attempt = s.attempt"
      " ORDER BY s.id");
  while (row.Step()) {
    summary_.merged.push_back({row.Text(0), row.Text(1), row.Int(2) != 0, row.Int(3) != 0});
  }
}

void RunMerger::ListReplaced() {
  sqlite::Statement row(connection_,
                        "SELECT r.key, a.attempt FROM temp.merge_runs w"
                        " JOIN main.runs r ON r.id = w.id AND r.state = 'done'"
                        " JOIN main.attempts a ON a.run_id = r.id AND a.attempt <> r.attempt"
                        "  AND a.outcome = 'done' ORDER BY r.id, a.attempt");
  while (row.Step()) summary_.replaced.push_back({row.Text(0), row.Int(1)});
}

MergeSummary RunMerger::Summary() {
  ListConflicts();
  ListMerged();
  ListReplaced();
  return std::move(summary_);
}

std::vector<ReplacedResult> RunMerger::Replaced() {
  std::vector<ReplacedResult> replaced;
  sqlite::Statement row(connection_,
                        "SELECT r.key, t.before FROM temp.merge_taken t"
                        " JOIN main.runs r ON r.id = t.run_id WHERE r.state = 'done'"
                        " ORDER BY r.id");
  while (row.Step()) replaced.push_back({row.Text(0), row.Int(1)});
  return replaced;
}

}  // namespace dse
