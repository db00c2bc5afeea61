#include "db/sqlite/schema_steps.h"

#include <string>

#include "core/error.h"

namespace dse {
namespace {

// Tests of kept weights have a loss, and timings a spread; both can be asked for by population.
constexpr const char* kMeasurements = R"sql(
ALTER TABLE evaluations ADD COLUMN loss REAL CHECK(loss BETWEEN -1e300 AND 1e300);
ALTER TABLE timings RENAME TO timings_without_spread;
CREATE TABLE timings(
  model_id INTEGER NOT NULL REFERENCES models(id),
  mode TEXT NOT NULL CHECK(mode IN ('inference', 'training')),
  device TEXT NOT NULL,
  precision TEXT NOT NULL,
  threads INTEGER NOT NULL CHECK(threads >= 0),
  batch_size INTEGER NOT NULL CHECK(batch_size > 0),
  milliseconds REAL NOT NULL CHECK(milliseconds BETWEEN 0 AND 1e300),
  lowest REAL NOT NULL CHECK(lowest BETWEEN 0 AND milliseconds),
  highest REAL NOT NULL CHECK(highest BETWEEN milliseconds AND 1e300),
  samples INTEGER NOT NULL CHECK(samples > 0),
  library TEXT NOT NULL,
  measured_at REAL NOT NULL CHECK(measured_at BETWEEN 0 AND 1e300),
  PRIMARY KEY(model_id, mode, device, precision, threads, batch_size)
) STRICT, WITHOUT ROWID;
INSERT INTO timings SELECT model_id, mode, device, precision, threads, batch_size, milliseconds,
  milliseconds, milliseconds, 1, library, measured_at FROM timings_without_spread;
DROP TABLE timings_without_spread;

CREATE VIEW evaluated AS
SELECT n.population, n.recipe, n.dataset, m.idx AS member, coalesce(m.name, o.hash) AS model,
  o.hash, r.seed, r.error, d.uri AS tested_on, e.error AS tested_error, e.loss AS tested_loss,
  e.images
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
JOIN models o ON o.id = r.model_id
JOIN evaluations e ON e.run_id = r.id
JOIN datasets d ON d.id = e.dataset_id
ORDER BY l.series_id, m.idx, r.seed, d.id;

CREATE VIEW speeds AS
SELECT p.name AS population, m.idx AS member, coalesce(m.name, o.hash) AS model, o.hash, o.flops,
  o.params, o.acts, t.mode, t.device, t.precision, t.threads, t.batch_size, t.milliseconds,
  t.lowest, t.highest, t.samples, 1000.0 * t.batch_size / nullif(t.milliseconds, 0) AS img_per_s
FROM timings t
JOIN models o ON o.id = t.model_id
LEFT JOIN members m ON m.model_id = o.id
LEFT JOIN populations p ON p.id = m.population_id
ORDER BY p.id, m.idx, t.mode, t.batch_size;
)sql";

// What later attempts at a run replace is kept with its attempt; what a result was reached in, and
// what a test of kept weights covered, is said.
constexpr const char* kProvenance = R"sql(
ALTER TABLE runs ADD COLUMN precision TEXT;
ALTER TABLE runs ADD COLUMN data_uri TEXT;
ALTER TABLE attempts ADD COLUMN error REAL CHECK(error BETWEEN 0 AND 100);
ALTER TABLE attempts ADD COLUMN best_error REAL CHECK(best_error BETWEEN 0 AND 100);
ALTER TABLE attempts ADD COLUMN micro_batch INTEGER CHECK(micro_batch > 0);
ALTER TABLE attempts ADD COLUMN seconds REAL CHECK(seconds BETWEEN 0 AND 1e300);
ALTER TABLE attempts ADD COLUMN img_per_s REAL CHECK(img_per_s BETWEEN 0 AND 1e300);
ALTER TABLE attempts ADD COLUMN dse_version TEXT;
ALTER TABLE attempts ADD COLUMN torch_version TEXT;
ALTER TABLE attempts ADD COLUMN precision TEXT;
UPDATE attempts SET error = r.error, best_error = r.best_error, micro_batch = r.micro_batch,
  seconds = r.seconds, img_per_s = r.img_per_s, dse_version = r.dse_version,
  torch_version = r.torch_version FROM runs r
  WHERE r.id = attempts.run_id AND r.attempt = attempts.attempt
  AND r.state IN ('done', 'diverged', 'out_of_memory', 'failed');
ALTER TABLE datasets ADD COLUMN corrupt_images INTEGER CHECK(corrupt_images >= 0);
ALTER TABLE evaluations ADD COLUMN data_uri TEXT;
ALTER TABLE evaluations ADD COLUMN split TEXT CHECK(split IN ('train', 'val', 'test'));
ALTER TABLE evaluations ADD COLUMN classes INTEGER CHECK(classes > 0);
ALTER TABLE evaluations ADD COLUMN naming TEXT CHECK(naming <> '');
DROP VIEW results;
CREATE VIEW results AS
SELECT n.population, n.space, coalesce(m.name, o.hash) AS model, o.hash, n.recipe, n.dataset,
  r.seed, r.state, r.error, r.best_error, o.flops, o.params, o.acts, o.depth,
  json_extract(o.spec, '$.widths') AS widths, json_extract(o.spec, '$.depths') AS depths,
  json_extract(o.spec, '$.bottleneck') AS b, json_extract(o.spec, '$.group_widths') AS g,
  coalesce(json_extract(m.parameters, '$.w0'), f.w0) AS w0,
  coalesce(json_extract(m.parameters, '$.wa'), f.wa) AS wa,
  coalesce(json_extract(m.parameters, '$.wm'), f.wm) AS wm,
  coalesce(m.lr, n.lr) AS lr, coalesce(m.weight_decay, n.weight_decay) AS wd,
  r.seconds, r.img_per_s, f.e_fit, r.micro_batch, m.idx AS member, m.id AS member_id, r.id AS run_id,
  r.precision
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
LEFT JOIN models o ON o.id = m.model_id
LEFT JOIN fits f ON f.model_id = m.model_id AND f.grid = 'w0=8:256:8,wa=8:256:8,wm=1.5:3:0.05';
DROP VIEW evaluated;
CREATE VIEW evaluated AS
WITH tested AS MATERIALIZED (SELECT DISTINCT y.dataset_id, coalesce(y.data_uri, x.uri) AS uri,
  y.split FROM evaluations y JOIN datasets x ON x.id = y.dataset_id)
SELECT n.population, n.recipe, n.dataset, m.idx AS member, coalesce(m.name, o.hash) AS model,
  o.hash, r.seed, r.error,
  CASE WHEN EXISTS (SELECT 1 FROM tested t
                    WHERE t.uri = coalesce(e.data_uri, d.uri) AND t.dataset_id <> d.id
                    AND (t.split IS e.split OR t.split IS NULL OR e.split IS NULL))
       THEN coalesce(e.data_uri, d.uri) || '@' || substr(d.fingerprint, 1, 8)
       ELSE coalesce(e.data_uri, d.uri) END AS tested_on,
  e.error AS tested_error, e.loss AS tested_loss, e.images, e.split, e.classes, e.naming
FROM series_runs l
JOIN series_names n ON n.series_id = l.series_id
JOIN members m ON m.id = l.member_id
JOIN runs r ON r.id = l.run_id
JOIN models o ON o.id = r.model_id
JOIN evaluations e ON e.run_id = r.id
JOIN datasets d ON d.id = e.dataset_id
ORDER BY l.series_id, m.idx, r.seed, d.id;
)sql";

// Whatever trained or was timed is named with its version; a bare number is a version of LibTorch.
constexpr const char* kEngines = R"sql(
ALTER TABLE runs RENAME COLUMN torch_version TO engine;
ALTER TABLE attempts RENAME COLUMN torch_version TO engine;
ALTER TABLE timings RENAME COLUMN library TO engine;
UPDATE runs SET engine = 'LibTorch ' || engine WHERE engine GLOB '[0-9]*';
UPDATE attempts SET engine = 'LibTorch ' || engine WHERE engine GLOB '[0-9]*';
UPDATE timings SET engine = 'LibTorch ' || engine WHERE engine GLOB '[0-9]*';
)sql";

// Claimable runs are found without a search (db/rows/claim_queue.h): each that becomes claimable
// again gets a number above all earlier ones, also of runs that were forgotten.
constexpr const char* kReturns = R"sql(
CREATE TABLE returns(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL UNIQUE REFERENCES runs(id) ON DELETE CASCADE
) STRICT;
CREATE TRIGGER runs_returned AFTER UPDATE OF state ON runs
WHEN new.state IN ('pending', 'failed')
BEGIN
  DELETE FROM returns WHERE run_id = new.id;
  INSERT INTO returns(run_id) VALUES (new.id);
END;
DROP INDEX runs_state;
CREATE INDEX runs_state ON runs(state, attempt, error);
)sql";

// What a shard was made for, and results of runs that do not count because a file that was merged
// had another one.
constexpr const char* kShards = R"sql(
CREATE TABLE shard(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  file TEXT NOT NULL CHECK(file <> ''),
  place TEXT NOT NULL CHECK(place <> ''),
  part INTEGER NOT NULL CHECK(part >= 0),
  parts INTEGER NOT NULL CHECK(parts > part)
) STRICT;
CREATE TABLE rivals(
  run_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  source TEXT NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0 CHECK(settled IN (0, 1)),
  PRIMARY KEY(run_id, attempt),
  FOREIGN KEY(run_id, attempt) REFERENCES attempts(run_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE VIEW conflicts AS
SELECT r.id AS run_id, r.key, o.hash, c.name AS recipe, d.uri AS dataset, r.seed,
  r.state, r.error, r.host, r.finished_at,
  a.outcome AS other_state, a.error AS other_error, a.host AS other_host,
  a.ended_at AS other_finished_at, a.attempt AS other_attempt, x.source, x.settled
FROM rivals x
JOIN runs r ON r.id = x.run_id
JOIN attempts a ON a.run_id = x.run_id AND a.attempt = x.attempt
JOIN recipes c ON c.id = r.recipe_id
JOIN datasets d ON d.id = r.dataset_id
LEFT JOIN models o ON o.id = r.model_id
ORDER BY r.id, a.attempt;
)sql";

}  // namespace

std::string LaterSchemaStep(int64_t version) {
  switch (version) {
    case 1:
      return kMeasurements;
    case 2:
      return kProvenance;
    case 3:
      return kEngines;
    case 4:
      return std::string(kShards) + kReturns;
    default:
      throw Error("internal: no migration from schema " + std::to_string(version));
  }
}

}  // namespace dse
