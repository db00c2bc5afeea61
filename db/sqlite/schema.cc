#include "db/sqlite/schema.h"

#include <string>

#include "core/error.h"
#include "db/sqlite/schema_steps.h"

namespace dse {
namespace {

// Finite reals: NaN is never bound, and these bounds keep out the infinities.
// The README of this folder explains every table and column.
constexpr const char* kDrawnTables = R"sql(
CREATE TABLE spaces(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK(length(key) = 16),
  name TEXT NOT NULL,
  document TEXT NOT NULL CHECK(json_valid(document))
) STRICT;
CREATE TABLE populations(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK(length(key) = 16),
  name TEXT NOT NULL UNIQUE CHECK(name <> ''),
  origin TEXT NOT NULL CHECK(origin IN ('sampled', 'named', 'imported')),
  space_id INTEGER REFERENCES spaces(id),
  seed INTEGER CHECK(seed >= 0),
  flops_low INTEGER CHECK(flops_low >= 0),
  flops_high INTEGER CHECK(flops_high >= flops_low),
  candidates INTEGER NOT NULL CHECK(candidates >= 0),
  sampler_version INTEGER NOT NULL CHECK(sampler_version >= 0),
  CHECK((flops_low IS NULL) = (flops_high IS NULL)),
  CHECK(space_id IS NULL OR origin = 'sampled')
) STRICT;
CREATE TABLE models(
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE CHECK(length(hash) = 16),
  spec TEXT NOT NULL CHECK(json_valid(spec)),
  block TEXT NOT NULL,
  stem TEXT NOT NULL,
  stem_width INTEGER NOT NULL CHECK(stem_width > 0),
  resolution INTEGER NOT NULL CHECK(resolution > 0),
  classes INTEGER NOT NULL CHECK(classes > 0),
  activation TEXT NOT NULL,
  se_ratio REAL NOT NULL CHECK(se_ratio BETWEEN 0 AND 1e9),
  head_width INTEGER NOT NULL CHECK(head_width >= 0),
  depth INTEGER NOT NULL CHECK(depth > 0),
  flops INTEGER NOT NULL CHECK(flops >= 0),
  params INTEGER NOT NULL CHECK(params >= 0),
  acts INTEGER NOT NULL CHECK(acts >= 0)
) STRICT;
CREATE TABLE stages(
  model_id INTEGER NOT NULL REFERENCES models(id),
  stage INTEGER NOT NULL CHECK(stage >= 1),
  depth INTEGER NOT NULL CHECK(depth > 0),
  width INTEGER NOT NULL CHECK(width > 0),
  stride INTEGER NOT NULL CHECK(stride > 0),
  bottleneck REAL CHECK(bottleneck > 0 AND bottleneck < 1e9),
  group_width INTEGER CHECK(group_width > 0),
  kernel INTEGER CHECK(kernel > 0),
  expansion INTEGER CHECK(expansion > 0),
  PRIMARY KEY(model_id, stage)
) STRICT, WITHOUT ROWID;
CREATE TABLE members(
  id INTEGER PRIMARY KEY,
  population_id INTEGER NOT NULL REFERENCES populations(id),
  idx INTEGER NOT NULL CHECK(idx >= 0),
  key TEXT NOT NULL CHECK(length(key) = 16),
  candidate INTEGER CHECK(candidate >= 0),
  model_id INTEGER REFERENCES models(id),
  name TEXT CHECK(name <> ''),
  parameters TEXT CHECK(parameters IS NULL OR json_valid(parameters)),
  lr REAL CHECK(lr BETWEEN 0 AND 1e300),
  weight_decay REAL CHECK(weight_decay BETWEEN 0 AND 1e300),
  UNIQUE(population_id, idx),
  UNIQUE(population_id, key)
) STRICT;
CREATE INDEX members_model ON members(model_id);
CREATE TABLE properties(
  member_id INTEGER NOT NULL REFERENCES members(id),
  name TEXT NOT NULL CHECK(name <> ''),
  value REAL NOT NULL CHECK(value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308),
  PRIMARY KEY(member_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE fits(
  model_id INTEGER NOT NULL REFERENCES models(id),
  grid TEXT NOT NULL CHECK(grid <> ''),
  w0 REAL NOT NULL CHECK(w0 BETWEEN 0 AND 1e300),
  wa REAL NOT NULL CHECK(wa BETWEEN 0 AND 1e300),
  wm REAL NOT NULL CHECK(wm BETWEEN 0 AND 1e300),
  e_fit REAL NOT NULL CHECK(e_fit BETWEEN 0 AND 1e300),
  PRIMARY KEY(model_id, grid)
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* kTrainedTables = R"sql(
CREATE TABLE recipes(
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE CHECK(length(hash) = 16),
  name TEXT NOT NULL CHECK(name <> ''),
  document TEXT NOT NULL CHECK(json_valid(document))
) STRICT;
CREATE TABLE datasets(
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE CHECK(length(fingerprint) = 16),
  uri TEXT NOT NULL CHECK(uri <> ''),
  classes INTEGER NOT NULL CHECK(classes >= 0),
  train_images INTEGER NOT NULL CHECK(train_images >= 0),
  test_images INTEGER NOT NULL CHECK(test_images >= 0)
) STRICT;
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  population_id INTEGER NOT NULL REFERENCES populations(id),
  recipe_id INTEGER NOT NULL REFERENCES recipes(id),
  dataset_id INTEGER NOT NULL REFERENCES datasets(id),
  UNIQUE(population_id, recipe_id, dataset_id)
) STRICT;
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE CHECK(length(key) = 16),
  model_id INTEGER REFERENCES models(id),
  recipe_id INTEGER NOT NULL REFERENCES recipes(id),
  dataset_id INTEGER NOT NULL REFERENCES datasets(id),
  seed INTEGER NOT NULL CHECK(seed >= 0),
  state TEXT NOT NULL DEFAULT 'pending' CHECK(state IN ('pending', 'running', 'done', 'diverged',
                                                        'out_of_memory', 'failed', 'cancelled')),
  attempt INTEGER NOT NULL DEFAULT 0 CHECK(attempt >= 0),
  failures INTEGER NOT NULL DEFAULT 0 CHECK(failures >= 0),
  losses INTEGER NOT NULL DEFAULT 0 CHECK(losses >= 0),
  owner TEXT,
  lease_expires REAL CHECK(lease_expires BETWEEN 0 AND 1e300),
  error REAL CHECK(error BETWEEN 0 AND 100),
  best_error REAL CHECK(best_error BETWEEN 0 AND 100),
  micro_batch INTEGER CHECK(micro_batch > 0),
  seconds REAL CHECK(seconds BETWEEN 0 AND 1e300),
  img_per_s REAL CHECK(img_per_s BETWEEN 0 AND 1e300),
  message TEXT,
  host TEXT,
  device TEXT,
  dse_version TEXT,
  torch_version TEXT,
  started_at REAL CHECK(started_at BETWEEN 0 AND 1e300),
  finished_at REAL CHECK(finished_at BETWEEN 0 AND 1e300),
  CHECK((state = 'done') = (error IS NOT NULL)),
  CHECK(best_error IS NULL OR state IN ('done', 'diverged')),
  CHECK((state = 'running') = (owner IS NOT NULL)),
  CHECK((owner IS NULL) = (lease_expires IS NULL)),
  CHECK(model_id IS NOT NULL OR state NOT IN ('pending', 'running'))
) STRICT;
CREATE INDEX runs_model ON runs(model_id);
CREATE INDEX runs_state ON runs(state);
CREATE TABLE series_runs(
  series_id INTEGER NOT NULL REFERENCES series(id),
  member_id INTEGER NOT NULL REFERENCES members(id),
  run_id INTEGER NOT NULL REFERENCES runs(id),
  PRIMARY KEY(series_id, member_id, run_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_runs_member ON series_runs(member_id);
CREATE INDEX series_runs_run ON series_runs(run_id);
CREATE TABLE attempts(
  run_id INTEGER NOT NULL REFERENCES runs(id),
  attempt INTEGER NOT NULL CHECK(attempt >= 1),
  owner TEXT NOT NULL,
  host TEXT NOT NULL,
  device TEXT NOT NULL,
  started_at REAL NOT NULL CHECK(started_at BETWEEN 0 AND 1e300),
  ended_at REAL CHECK(ended_at BETWEEN 0 AND 1e300),
  outcome TEXT CHECK(outcome IN ('done', 'diverged', 'out_of_memory', 'failed', 'released',
                                 'lost')),
  message TEXT,
  PRIMARY KEY(run_id, attempt),
  CHECK((ended_at IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE epochs(
  run_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  epoch INTEGER NOT NULL CHECK(epoch >= 1),
  lr REAL NOT NULL CHECK(lr BETWEEN 0 AND 1e300),
  train_loss REAL CHECK(train_loss BETWEEN -1e300 AND 1e300),
  train_error REAL CHECK(train_error BETWEEN 0 AND 100),
  test_loss REAL CHECK(test_loss BETWEEN -1e300 AND 1e300),
  test_error REAL CHECK(test_error BETWEEN 0 AND 100),
  seconds REAL NOT NULL CHECK(seconds BETWEEN 0 AND 1e300),
  PRIMARY KEY(run_id, attempt, epoch),
  FOREIGN KEY(run_id, attempt) REFERENCES attempts(run_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE evaluations(
  run_id INTEGER NOT NULL REFERENCES runs(id),
  dataset_id INTEGER NOT NULL REFERENCES datasets(id),
  error REAL NOT NULL CHECK(error BETWEEN 0 AND 100),
  images INTEGER NOT NULL CHECK(images > 0),
  evaluated_at REAL NOT NULL CHECK(evaluated_at BETWEEN 0 AND 1e300),
  PRIMARY KEY(run_id, dataset_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE timings(
  model_id INTEGER NOT NULL REFERENCES models(id),
  mode TEXT NOT NULL CHECK(mode IN ('inference', 'training')),
  device TEXT NOT NULL,
  precision TEXT NOT NULL,
  threads INTEGER NOT NULL CHECK(threads >= 0),
  batch_size INTEGER NOT NULL CHECK(batch_size > 0),
  milliseconds REAL NOT NULL CHECK(milliseconds BETWEEN 0 AND 1e300),
  library TEXT NOT NULL,
  measured_at REAL NOT NULL CHECK(measured_at BETWEEN 0 AND 1e300),
  PRIMARY KEY(model_id, mode, device, precision, threads, batch_size)
) STRICT, WITHOUT ROWID;
)sql";

// Names of recipes and datasets tell series apart: where several share one, the hash is added. The
// grid is kDefaultGridName.
constexpr const char* kViews = R"sql(
CREATE VIEW series_names AS
SELECT s.id AS series_id, s.population_id, p.name AS population, coalesce(sp.name, '') AS space,
  CASE WHEN EXISTS (SELECT 1 FROM series o JOIN recipes n ON n.id = o.recipe_id
                    WHERE n.name = r.name AND n.id <> r.id)
       THEN r.name || '@' || substr(r.hash, 1, 8) ELSE r.name END AS recipe,
  r.name AS recipe_name, r.hash AS recipe_hash,
  CASE WHEN EXISTS (SELECT 1 FROM series o JOIN datasets n ON n.id = o.dataset_id
                    WHERE n.uri = d.uri AND n.id <> d.id)
       THEN d.uri || '@' || substr(d.fingerprint, 1, 8) ELSE d.uri END AS dataset,
  d.uri, d.fingerprint,
  json_extract(r.document, '$.lr') AS lr,
  json_extract(r.document, '$.weight_decay') AS weight_decay
FROM series s
JOIN populations p ON p.id = s.population_id
LEFT JOIN spaces sp ON sp.id = p.space_id
JOIN recipes r ON r.id = s.recipe_id
JOIN datasets d ON d.id = s.dataset_id;

CREATE VIEW results AS
SELECT n.population, n.space, coalesce(m.name, o.hash) AS model, o.hash, n.recipe, n.dataset,
  r.seed, r.state, r.error, r.best_error, o.flops, o.params, o.acts, o.depth,
  json_extract(o.spec, '$.widths') AS widths, json_extract(o.spec, '$.depths') AS depths,
  json_extract(o.spec, '$.bottleneck') AS b, json_extract(o.spec, '$.group_widths') AS g,
  coalesce(json_extract(m.parameters, '$.w0'), f.w0) AS w0,
  coalesce(json_extract(m.parameters, '$.wa'), f.wa) AS wa,
  coalesce(json_extract(m.parameters, '$.wm'), f.wm) AS wm,
  coalesce(m.lr, n.lr) AS lr, coalesce(m.weight_decay, n.weight_decay) AS wd,
  r.seconds, r.img_per_s, f.e_fit, r.micro_batch, m.idx AS member, m.id AS member_id, r.id AS run_id
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
LEFT JOIN models o ON o.id = m.model_id
LEFT JOIN fits f ON f.model_id = m.model_id AND f.grid = 'w0=8:256:8,wa=8:256:8,wm=1.5:3:0.05';

CREATE VIEW leaderboard AS
SELECT n.population, n.recipe, n.dataset, m.idx AS member, coalesce(m.name, o.hash) AS model,
  o.hash, avg(r.error) AS error, min(r.error) AS lowest, max(r.error) AS highest,
  count(*) AS repeats,
  o.flops, o.params, o.acts, o.depth
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
LEFT JOIN models o ON o.id = m.model_id
WHERE r.state = 'done'
GROUP BY l.series_id, l.member_id
ORDER BY avg(r.error);

CREATE VIEW progress AS
SELECT n.population, n.recipe, n.dataset, count(*) AS total,
  count(*) FILTER (WHERE r.state = 'pending') AS pending,
  count(*) FILTER (WHERE r.state = 'running') AS running,
  count(*) FILTER (WHERE r.state = 'done') AS done,
  count(*) FILTER (WHERE r.state = 'diverged') AS diverged,
  count(*) FILTER (WHERE r.state = 'out_of_memory') AS out_of_memory,
  count(*) FILTER (WHERE r.state = 'failed') AS failed,
  count(*) FILTER (WHERE r.state = 'cancelled') AS cancelled,
  min(r.error) AS best_error,
  avg(r.seconds) FILTER (WHERE r.state IN ('done', 'diverged', 'out_of_memory')) AS mean_seconds
FROM (SELECT DISTINCT series_id, run_id FROM series_runs) l
JOIN series_names n ON n.series_id = l.series_id
JOIN runs r ON r.id = l.run_id
GROUP BY l.series_id
ORDER BY l.series_id;

CREATE VIEW curves AS
SELECT n.population, n.recipe, n.dataset, m.idx AS member, coalesce(m.name, o.hash) AS model,
  o.hash, r.seed, e.epoch, e.lr, e.train_loss, e.train_error, e.test_loss, e.test_error, e.seconds
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
LEFT JOIN models o ON o.id = m.model_id
JOIN epochs e ON e.run_id = r.id AND e.attempt = r.attempt
ORDER BY l.series_id, m.idx, r.seed, e.epoch;
)sql";

// Step i takes a file from user_version i to i + 1. Steps that shipped are never edited.
std::string MigrationStep(int64_t version) {
  switch (version) {
    case 0:
      return std::string(kDrawnTables) + kTrainedTables + kViews;
    default:
      return LaterSchemaStep(version);
  }
}

}  // namespace

SchemaMark ReadSchemaMark(sqlite::Connection& connection) {
  sqlite::Statement row(connection,
                        "SELECT a.application_id, v.user_version,"
                        " NOT EXISTS (SELECT 1 FROM sqlite_master)"
                        " FROM pragma_application_id a, pragma_user_version v");
  row.Step();
  return {row.Int(0), row.Int(1), row.Int(2) != 0};
}

void CheckSchema(const SchemaMark& mark, const std::string& path) {
  const bool fresh = mark.application == 0 && mark.version == 0 && mark.empty;
  if (mark.application != kApplicationId && !fresh) {
    throw Error(path + ": is a database of another program; choose another file");
  }
  if (mark.version > kSchemaVersion) {
    throw Error(path + ": was written by a newer dse (schema " + std::to_string(mark.version) +
                ", this one knows up to " + std::to_string(kSchemaVersion) +
                "); use that version or a later one");
  }
}

namespace {

// Programs that know the older schema could not store what they train. Leases of ended ones run
// out.
void CheckNobodyTrains(sqlite::Connection& connection) {
  sqlite::Statement held(connection,
                         "SELECT 1 FROM runs WHERE state = 'running' AND lease_expires > ? LIMIT 1",
                         sqlite::Now());
  if (!held.Step()) return;
  throw Error(connection.path() +
              ": an older dse trains into this file; wait until it has ended (or, where it was "
              "killed, until its lease ran out), then call this again");
}

}  // namespace

void MigrateSchema(sqlite::Connection& connection) {
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  // While we waited for the lock another process may have made or changed the file.
  const SchemaMark mark = ReadSchemaMark(connection);
  CheckSchema(mark, connection.path());
  int64_t version = mark.version;
  if (version == kSchemaVersion) return;
  if (version > 0) CheckNobodyTrains(connection);
  for (; version < kSchemaVersion; ++version) connection.Execute(MigrationStep(version));
  connection.Execute("PRAGMA application_id = " + std::to_string(kApplicationId) +
                     "; PRAGMA user_version = " + std::to_string(kSchemaVersion));
  transaction.Commit();
}

}  // namespace dse
