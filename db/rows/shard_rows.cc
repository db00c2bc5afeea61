#include "db/rows/shard_rows.h"

#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "db/documents.h"
#include "db/owner.h"
#include "db/rows/adoption.h"
#include "db/rows/run_finder.h"
#include "db/rows/shard_number.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

bool IsOpen(const RunFinder::Found& run) {
  return run.state == RunState::kPending || run.state == RunState::kRunning ||
         run.state == RunState::kFailed;
}

bool IsHeld(const RunFinder::Found& run) {
  return run.state == RunState::kRunning && run.lease_expires >= sqlite::Now() &&
         !Owner::FromToken(run.owner).CertainlyDead();
}

bool IsOf(uint64_t number, const ShardPart& part) {
  return number % static_cast<uint64_t>(part.count) == static_cast<uint64_t>(part.index);
}

void CheckFile(Database& file, const WantedRuns& wanted) {
  if (const std::optional<ShardMark> mark = ReadShardMark(file)) {
    throw Error(file.path() + ": is a shard of " + mark->file + "; shards are made of that file");
  }
  if (const auto old = FindOldDataset(file.impl().connection, wanted.dataset)) {
    throw Error(file.path() + ": its runs on " + old->uri +
                " are of before fingerprints covered contents; call this with --limit 0 and "
                "without --shard once, which takes them over");
  }
}

// A member of the shard's runs, as a row of the study's file and of the shard.
constexpr const char* kBothMembers =
    " FROM (SELECT DISTINCT member_id FROM temp.shard_members) w"
    " JOIN file.members m ON m.id = w.member_id"
    " JOIN file.populations p ON p.id = m.population_id";

constexpr const char* kCopyDrawn = R"sql(
INSERT INTO main.spaces(key, name, document)
  SELECT key, name, document FROM file.spaces WHERE id IN (
    SELECT p.space_id FROM temp.shard_members w JOIN file.members m ON m.id = w.member_id
    JOIN file.populations p ON p.id = m.population_id)
  ORDER BY id ON CONFLICT(key) DO NOTHING;
INSERT INTO main.populations(key, name, origin, space_id, seed, flops_low, flops_high, candidates,
    sampler_version)
  SELECT p.key, p.name, p.origin,
    (SELECT n.id FROM file.spaces s JOIN main.spaces n ON n.key = s.key WHERE s.id = p.space_id),
    p.seed, p.flops_low, p.flops_high, p.candidates, p.sampler_version
  FROM file.populations p WHERE p.id IN (
    SELECT m.population_id FROM temp.shard_members w JOIN file.members m ON m.id = w.member_id)
  ORDER BY p.id ON CONFLICT(key) DO NOTHING;
INSERT INTO main.models(hash, spec, block, stem, stem_width, resolution, classes, activation,
    se_ratio, head_width, depth, flops, params, acts)
  SELECT hash, spec, block, stem, stem_width, resolution, classes, activation, se_ratio,
    head_width, depth, flops, params, acts
  FROM file.models WHERE hash IN (SELECT model FROM temp.shard_runs)
  ORDER BY id ON CONFLICT(hash) DO NOTHING;
INSERT INTO main.stages(model_id, stage, depth, width, stride, bottleneck, group_width, kernel,
    expansion)
  SELECT n.id, s.stage, s.depth, s.width, s.stride, s.bottleneck, s.group_width, s.kernel,
    s.expansion
  FROM main.models n JOIN file.models o ON o.hash = n.hash JOIN file.stages s ON s.model_id = o.id
  WHERE true ON CONFLICT DO NOTHING;
INSERT INTO main.fits(model_id, grid, w0, wa, wm, e_fit)
  SELECT n.id, f.grid, f.w0, f.wa, f.wm, f.e_fit
  FROM main.models n JOIN file.models o ON o.hash = n.hash JOIN file.fits f ON f.model_id = o.id
  WHERE true ON CONFLICT DO NOTHING;
)sql";

constexpr const char* kCopyRuns =
    "INSERT INTO main.runs(key, model_id, recipe_id, dataset_id, seed, state, attempt, failures,"
    "  losses, message, data_uri)"
    " SELECT w.key, o.id, c.id, d.id, w.seed,"
    "  CASE f.state WHEN 'failed' THEN 'failed' ELSE 'pending' END, coalesce(f.attempt, 0),"
    "  coalesce(f.failures, 0), coalesce(f.losses, 0),"
    "  CASE f.state WHEN 'failed' THEN f.message END, f.data_uri"
    " FROM temp.shard_runs w JOIN main.models o ON o.hash = w.model"
    " JOIN main.recipes c ON c.hash = w.recipe JOIN main.datasets d ON d.fingerprint = ?1"
    " LEFT JOIN file.runs f ON f.key = w.key"
    " WHERE true ORDER BY w.place ON CONFLICT(key) DO NOTHING";

// An attempt `a` of the shard's run `r` that the study's file has as attempt `b` of run `f`.
constexpr const char* kKnownAttempt =
    "SELECT 1 FROM file.runs f JOIN file.attempts b ON b.run_id = f.id"
    " WHERE f.key = r.key AND b.owner = a.owner AND b.started_at = a.started_at";

}  // namespace

ShardSelection SelectShardRuns(Database& file, const WantedRuns& wanted, const ShardPart& part) {
  sqlite::Connection& connection = file.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  CheckFile(file, wanted);
  RunFinder runs(connection, wanted.dataset,
                 FindDataset(connection, wanted.dataset.fingerprint).value_or(-1));
  ShardNumbers numbers(connection, wanted);
  ShardSelection selection;
  std::unordered_map<std::string, std::string> chosen;  // keys in the file by RunKey; "" = not
  for (const WantedRun& run : wanted.runs) {
    sqlite::StoredSeed(run.seed);
    const std::string key = KeyOf(run, wanted.dataset.fingerprint);
    const auto [at, fresh] = chosen.try_emplace(key, "");
    if (fresh) {
      const auto place = static_cast<int64_t>(selection.plan.size());
      selection.plan.push_back(key);
      const uint64_t number = numbers.Of(run);
      if (!IsOf(number, part)) continue;
      const std::optional<RunFinder::Found> found = runs.Find(run);
      if (found && IsHeld(*found)) ++selection.held;
      if (found && (!IsOpen(*found) || IsHeld(*found))) continue;
      at->second = found ? found->key : key;
      selection.runs.push_back({place, number, &run, at->second});
    }
    if (!at->second.empty()) selection.members.emplace_back(run.member_id, at->second);
  }
  return selection;
}

void FillShardTables(sqlite::Connection& shard, const ShardSelection& selection) {
  shard.Execute(
      "DROP TABLE IF EXISTS temp.shard_runs; DROP TABLE IF EXISTS temp.shard_members;"
      "CREATE TEMP TABLE shard_runs(place INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
      " model TEXT NOT NULL, recipe TEXT NOT NULL, seed INTEGER NOT NULL);"
      "CREATE TEMP TABLE shard_members(member_id INTEGER NOT NULL, key TEXT NOT NULL,"
      " PRIMARY KEY(member_id, key)) WITHOUT ROWID");
  sqlite::Transaction transaction(shard, sqlite::Transaction::Kind::kRead);
  sqlite::Statement run(shard, "INSERT INTO temp.shard_runs VALUES (?, ?, ?, ?, ?)");
  for (const ShardRun& one : selection.runs) {
    run.Bind(one.place, one.key, one.wanted->model_hash, one.wanted->recipe.hash,
             sqlite::StoredSeed(one.wanted->seed))
        .Run();
  }
  sqlite::Statement member(shard, "INSERT OR IGNORE INTO temp.shard_members VALUES (?, ?)");
  for (const auto& [id, key] : selection.members) member.Bind(id, key).Run();
  transaction.Commit();
}

int64_t CopyShardRuns(sqlite::Connection& shard, const WantedRuns& wanted) {
  shard.Execute(kCopyDrawn);
  shard.Execute(
      std::string("INSERT INTO main.members(population_id, idx, key, candidate, model_id, name,"
                  "  parameters, lr, weight_decay)"
                  " SELECT n.id, m.idx, m.key, m.candidate, o.id, m.name, m.parameters, m.lr,"
                  "  m.weight_decay") +
      kBothMembers +
      " JOIN main.populations n ON n.key = p.key JOIN file.models q ON q.id = m.model_id"
      " JOIN main.models o ON o.hash = q.hash"
      " WHERE true ORDER BY m.population_id, m.idx ON CONFLICT(population_id, key) DO NOTHING");
  const std::string& fingerprint = wanted.dataset.fingerprint;
  sqlite::Statement(shard,
                    "INSERT INTO main.datasets(fingerprint, uri, classes, train_images,"
                    " test_images, corrupt_images) SELECT fingerprint, uri, classes, train_images,"
                    " test_images, corrupt_images FROM file.datasets WHERE fingerprint = ?"
                    " ON CONFLICT(fingerprint) DO NOTHING",
                    fingerprint)
      .Run();
  const int64_t dataset = StoreDataset(shard, wanted.dataset);
  const int64_t series_recipe = StoreRecipe(shard, wanted.recipe);
  std::unordered_set<std::string> stored;
  for (const WantedRun& run : wanted.runs) {
    if (stored.insert(run.recipe.hash).second) StoreRecipe(shard, run.recipe);
  }
  const int64_t added = sqlite::Statement(shard, kCopyRuns, fingerprint).Run();
  const std::string both = std::string(kBothMembers) + " JOIN main.populations n ON n.key = p.key";
  sqlite::Statement(shard,
                    "INSERT INTO main.series(population_id, recipe_id, dataset_id)"
                    " SELECT DISTINCT n.id, ?1, ?2" +
                        both + " WHERE true ORDER BY n.id ON CONFLICT DO NOTHING",
                    series_recipe, dataset)
      .Run();
  sqlite::Statement(
      shard,
      "INSERT INTO main.series_runs(series_id, member_id, run_id)"
      " SELECT s.id, k.id, r.id FROM temp.shard_members w"
      " JOIN file.members m ON m.id = w.member_id JOIN file.populations p ON p.id = m.population_id"
      " JOIN main.populations n ON n.key = p.key"
      " JOIN main.members k ON k.population_id = n.id AND k.key = m.key"
      " JOIN main.series s ON s.population_id = n.id AND s.recipe_id = ?1 AND s.dataset_id = ?2"
      " JOIN main.runs r ON r.key = w.key WHERE true ON CONFLICT DO NOTHING",
      series_recipe, dataset)
      .Run();
  return added;
}

void ReopenShardRuns(sqlite::Connection& shard) {
  shard.Execute(
      std::string("UPDATE main.runs SET state = q.state, failures = q.failures, losses = q.losses,"
                  " message = q.message, error = NULL, best_error = NULL, micro_batch = NULL,"
                  " seconds = NULL, img_per_s = NULL, host = NULL, device = NULL,"
                  " dse_version = NULL, engine = NULL, precision = NULL, started_at = NULL,"
                  " finished_at = NULL"
                  " FROM (SELECT r.id, CASE f.state WHEN 'failed' THEN 'failed' ELSE 'pending' END"
                  "   AS state, f.failures, f.losses, f.message FROM temp.shard_runs w"
                  "  JOIN main.runs r ON r.key = w.key JOIN file.runs f ON f.key = w.key"
                  "  JOIN main.attempts a ON a.run_id = r.id AND a.attempt = r.attempt"
                  "  WHERE r.state IN ('done', 'diverged', 'out_of_memory', 'failed')"
                  "  AND EXISTS (") +
      kKnownAttempt + ")) q WHERE main.runs.id = q.id");
}

std::vector<std::string> UnmergedRuns(sqlite::Connection& shard) {
  sqlite::Statement row(
      shard, std::string("SELECT DISTINCT o.hash, c.hash, d.fingerprint, r.seed"
                         " FROM main.attempts a JOIN main.runs r ON r.id = a.run_id"
                         " JOIN main.models o ON o.id = r.model_id"
                         " JOIN main.recipes c ON c.id = r.recipe_id"
                         " JOIN main.datasets d ON d.id = r.dataset_id WHERE NOT EXISTS (") +
                 kKnownAttempt + " AND b.outcome = coalesce(a.outcome, 'lost'))");
  std::vector<std::string> keys;
  while (row.Step()) {
    const auto seed = static_cast<uint64_t>(row.Int(3));
    keys.push_back(RunKey(row.Text(0), row.Text(1), row.Text(2), seed));
  }
  return keys;
}

void WriteShardMark(sqlite::Connection& shard, const ShardMark& mark) {
  sqlite::Statement(shard,
                    "INSERT INTO shard(id, file, place, part, parts)"
                    " VALUES (1, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET"
                    " file = excluded.file, place = excluded.place, part = excluded.part,"
                    " parts = excluded.parts",
                    mark.file, mark.place, mark.part.index, mark.part.count)
      .Run();
}

}  // namespace dse
