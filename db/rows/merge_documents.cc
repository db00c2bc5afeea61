#include "db/rows/merge_documents.h"

#include "core/error.h"

namespace dse {
namespace {

int64_t Change(sqlite::Connection& connection, const char* sql) {
  return sqlite::Statement(connection, sql).Run();
}

// A temporary table of the pairs that the query gives.
void Map(sqlite::Connection& connection, const std::string& table, const std::string& query) {
  connection.Execute("DROP TABLE IF EXISTS temp." + table + "; CREATE TEMP TABLE " + table +
                     "(s_id INTEGER PRIMARY KEY, id INTEGER NOT NULL); INSERT INTO temp." + table +
                     " " + query);
}

void MapByKey(sqlite::Connection& connection, const std::string& table, const std::string& key) {
  Map(connection, "merge_" + table,
      "SELECT s.id, m.id FROM source." + table + " s JOIN main." + table + " m ON m." + key +
          " = s." + key);
}

constexpr const char* kSpaces =
    "INSERT INTO main.spaces(key, name, document) SELECT key, name, document FROM source.spaces"
    " ORDER BY id ON CONFLICT(key) DO NOTHING";
constexpr const char* kRecipes =
    "INSERT INTO main.recipes(hash, name, document) SELECT hash, name, document"
    " FROM source.recipes ORDER BY id ON CONFLICT(hash) DO NOTHING";
constexpr const char* kDatasets =
    "INSERT INTO main.datasets(fingerprint, uri, classes, train_images, test_images,"
    "  corrupt_images)"
    " SELECT fingerprint, uri, classes, train_images, test_images, corrupt_images"
    " FROM source.datasets ORDER BY id ON CONFLICT(fingerprint) DO NOTHING";
constexpr const char* kModels =
    "INSERT INTO main.models(hash, spec, block, stem, stem_width, resolution, classes, activation,"
    "  se_ratio, head_width, depth, flops, params, acts)"
    " SELECT hash, spec, block, stem, stem_width, resolution, classes, activation, se_ratio,"
    "  head_width, depth, flops, params, acts"
    " FROM source.models ORDER BY id ON CONFLICT(hash) DO NOTHING";
constexpr const char* kStages =
    "INSERT INTO main.stages(model_id, stage, depth, width, stride, bottleneck, group_width,"
    "  kernel, expansion)"
    " SELECT w.id, s.stage, s.depth, s.width, s.stride, s.bottleneck, s.group_width, s.kernel,"
    "  s.expansion"
    " FROM temp.merge_models w JOIN source.stages s ON s.model_id = w.s_id WHERE true"
    " ON CONFLICT DO NOTHING";
constexpr const char* kFits =
    "INSERT INTO main.fits(model_id, grid, w0, wa, wm, e_fit)"
    " SELECT w.id, f.grid, f.w0, f.wa, f.wm, f.e_fit"
    " FROM temp.merge_models w JOIN source.fits f ON f.model_id = w.s_id WHERE true"
    " ON CONFLICT DO NOTHING";
// Of two timings the later one counts, as when it is measured again.
constexpr const char* kTimings =
    "INSERT INTO main.timings(model_id, mode, device, precision, threads, batch_size,"
    "  milliseconds, lowest, highest, samples, engine, measured_at)"
    " SELECT w.id, t.mode, t.device, t.precision, t.threads, t.batch_size, t.milliseconds,"
    "  t.lowest, t.highest, t.samples, t.engine, t.measured_at"
    " FROM temp.merge_models w JOIN source.timings t ON t.model_id = w.s_id WHERE true"
    " ON CONFLICT DO UPDATE SET milliseconds = excluded.milliseconds, lowest = excluded.lowest,"
    "  highest = excluded.highest, samples = excluded.samples, engine = excluded.engine,"
    "  measured_at = excluded.measured_at WHERE excluded.measured_at > timings.measured_at";
constexpr const char* kPopulations =
    "INSERT INTO main.populations(key, name, origin, space_id, seed, flops_low, flops_high,"
    "  candidates, sampler_version)"
    " SELECT p.key, p.name, p.origin, (SELECT m.id FROM source.spaces s"
    "   JOIN main.spaces m ON m.key = s.key WHERE s.id = p.space_id),"
    "  p.seed, p.flops_low, p.flops_high, p.candidates, p.sampler_version"
    " FROM source.populations p ORDER BY p.id"
    " ON CONFLICT(key) DO UPDATE SET candidates = excluded.candidates"
    " WHERE excluded.candidates > populations.candidates";

// Members that the file does not have keep their index where it is free; the others of a population
// that was named or imported come behind all that are there.
constexpr const char* kMembersInPlace =
    "INSERT INTO main.members(population_id, idx, key, candidate, model_id, name, parameters, lr,"
    "  weight_decay)"
    " SELECT p.id, s.idx, s.key, s.candidate, o.id, s.name, s.parameters, s.lr, s.weight_decay"
    " FROM source.members s JOIN temp.merge_populations p ON p.s_id = s.population_id"
    " LEFT JOIN temp.merge_models o ON o.s_id = s.model_id"
    " WHERE NOT EXISTS (SELECT 1 FROM main.members m WHERE m.population_id = p.id"
    "   AND m.key = s.key)"
    " AND NOT EXISTS (SELECT 1 FROM main.members m WHERE m.population_id = p.id"
    "   AND m.idx = s.idx)"
    " ORDER BY s.population_id, s.idx";
constexpr const char* kMembersBehind =
    "INSERT INTO main.members(population_id, idx, key, candidate, model_id, name, parameters, lr,"
    "  weight_decay)"
    " SELECT p.id, (SELECT max(idx) FROM main.members m WHERE m.population_id = p.id)"
    "   + row_number() OVER (PARTITION BY p.id ORDER BY s.idx),"
    "  s.key, s.candidate, o.id, s.name, s.parameters, s.lr, s.weight_decay"
    " FROM source.members s JOIN temp.merge_populations p ON p.s_id = s.population_id"
    " LEFT JOIN temp.merge_models o ON o.s_id = s.model_id"
    " WHERE NOT EXISTS (SELECT 1 FROM main.members m WHERE m.population_id = p.id"
    "   AND m.key = s.key)";
constexpr const char* kMapMembers =
    "SELECT s.id, m.id FROM source.members s"
    " JOIN temp.merge_populations p ON p.s_id = s.population_id"
    " JOIN main.members m ON m.population_id = p.id AND m.key = s.key";
constexpr const char* kProperties =
    "INSERT INTO main.properties(member_id, name, value)"
    " SELECT w.id, q.name, q.value FROM temp.merge_members w"
    " JOIN source.properties q ON q.member_id = w.s_id WHERE true ON CONFLICT DO NOTHING";

constexpr const char* kSeries =
    "INSERT INTO main.series(population_id, recipe_id, dataset_id)"
    " SELECT p.id, c.id, d.id FROM source.series s"
    " JOIN temp.merge_populations p ON p.s_id = s.population_id"
    " JOIN temp.merge_recipes c ON c.s_id = s.recipe_id"
    " JOIN temp.merge_datasets d ON d.s_id = s.dataset_id"
    " WHERE true ORDER BY s.id ON CONFLICT DO NOTHING";
constexpr const char* kSeriesRuns =
    "INSERT INTO main.series_runs(series_id, member_id, run_id)"
    " SELECT n.id, k.id, r.id FROM source.series s"
    " JOIN temp.merge_populations p ON p.s_id = s.population_id"
    " JOIN temp.merge_recipes c ON c.s_id = s.recipe_id"
    " JOIN temp.merge_datasets d ON d.s_id = s.dataset_id"
    " JOIN main.series n ON n.population_id = p.id AND n.recipe_id = c.id AND n.dataset_id = d.id"
    " JOIN source.series_runs l ON l.series_id = s.id"
    " JOIN temp.merge_members k ON k.s_id = l.member_id"
    " JOIN temp.merge_runs r ON r.s_id = l.run_id WHERE true ON CONFLICT DO NOTHING";

}  // namespace

void CheckPopulations(sqlite::Connection& connection, const std::string& name) {
  sqlite::Statement other(connection,
                          "SELECT p.name, m.key <> p.key FROM source.populations p"
                          " JOIN main.populations m ON m.name = p.name"
                          " WHERE m.key <> p.key OR m.sampler_version <> p.sampler_version"
                          " ORDER BY p.id LIMIT 1");
  if (other.Step()) {
    throw Error(name + ": its population '" + other.Text(0) + "' " +
                (other.Int(1) != 0 ? "has another origin, space, seed or band than"
                                   : "was drawn by another version of the sampler than") +
                " the one of that name in " + connection.path() +
                "; merge the two into different files");
  }
  sqlite::Statement member(connection,
                           "SELECT p.name, s.idx FROM source.populations p"
                           " JOIN main.populations q ON q.key = p.key"
                           " JOIN source.members s ON s.population_id = p.id"
                           " JOIN main.members m ON m.population_id = q.id AND m.idx = s.idx"
                           " WHERE p.origin = 'sampled' AND m.key <> s.key LIMIT 1");
  if (member.Step()) {
    throw Error(name + ": member " + std::to_string(member.Int(1)) + " of its population '" +
                member.Text(0) + "' is another network than in " + connection.path() +
                ", although both were drawn alike; one of the files was changed");
  }
}

int64_t MergeDocuments(sqlite::Connection& connection) {
  int64_t changed = 0;
  for (const char* sql : {kSpaces, kRecipes, kDatasets, kModels, kPopulations}) {
    changed += Change(connection, sql);
  }
  MapByKey(connection, "models", "hash");
  MapByKey(connection, "recipes", "hash");
  MapByKey(connection, "datasets", "fingerprint");
  MapByKey(connection, "populations", "key");
  for (const char* sql : {kStages, kFits, kTimings, kMembersInPlace, kMembersBehind}) {
    changed += Change(connection, sql);
  }
  Map(connection, "merge_members", kMapMembers);
  return changed + Change(connection, kProperties);
}

std::vector<PropertyConflict> ListPropertyConflicts(sqlite::Connection& connection) {
  sqlite::Statement row(connection,
                        "SELECT p.name, m.idx, h.name, h.value, q.value FROM temp.merge_members w"
                        " JOIN source.properties q ON q.member_id = w.s_id"
                        " JOIN main.properties h ON h.member_id = w.id AND h.name = q.name"
                        "  AND h.value <> q.value"
                        " JOIN main.members m ON m.id = w.id"
                        " JOIN main.populations p ON p.id = m.population_id"
                        " ORDER BY p.id, m.idx, h.name");
  std::vector<PropertyConflict> conflicts;
  while (row.Step()) {
    conflicts.push_back({row.Text(0), row.Int(1), row.Text(2), row.Real(3), row.Real(4)});
  }
  return conflicts;
}

int64_t MergeSeries(sqlite::Connection& connection) {
  const int64_t series = Change(connection, kSeries);
  return series + Change(connection, kSeriesRuns);
}

}  // namespace dse
