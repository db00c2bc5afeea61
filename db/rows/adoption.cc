#include "db/rows/adoption.h"

namespace dse {
namespace {

int64_t CountRows(sqlite::Connection& connection, const std::string& sql, int64_t id) {
  sqlite::Statement count(connection, sql, id);
  return count.Step() ? count.Int(0) : 0;
}

int64_t CountSeries(sqlite::Connection& connection, int64_t dataset_id) {
  return CountRows(connection, "SELECT count(*) FROM series WHERE dataset_id = ?", dataset_id);
}

}  // namespace

std::optional<OldDataset> FindOldDataset(sqlite::Connection& connection,
                                         const DatasetRow& dataset) {
  if (dataset.old_fingerprint.empty() || dataset.old_fingerprint == dataset.fingerprint) return {};
  sqlite::Statement find(connection,
                         "SELECT id, uri FROM datasets WHERE fingerprint = ? AND classes = ?"
                         " AND train_images = ? AND test_images = ?",
                         dataset.old_fingerprint, dataset.classes, dataset.train_images,
                         dataset.test_images);
  if (!find.Step()) return {};
  OldDataset old{find.Int(0), find.Text(1), 0, {}};
  old.runs = CountRows(connection, "SELECT count(*) FROM runs WHERE dataset_id = ?", old.id);
  if (old.runs == 0) return {};
  old.tested_id = FindDataset(connection, dataset.fingerprint);
  if (old.tested_id && CountSeries(connection, *old.tested_id) > 0) return {};
  return old;
}

void AdoptDataset(sqlite::Connection& connection, const DatasetRow& dataset,
                  const OldDataset& old) {
  for (const char* table : {"runs", "evaluations"}) {
    sqlite::Statement(connection,
                      std::string("UPDATE ") + table +
                          " SET data_uri = ? WHERE dataset_id = ? AND data_uri IS NULL",
                      old.uri, old.id)
        .Run();
  }
  if (old.tested_id) {
    sqlite::Statement(connection,
                      "UPDATE OR REPLACE evaluations SET dataset_id = ? WHERE dataset_id = ?",
                      old.id, *old.tested_id)
        .Run();
    sqlite::Statement(connection, "DELETE FROM datasets WHERE id = ?", *old.tested_id).Run();
  }
  sqlite::Statement(connection,
                    "UPDATE datasets SET fingerprint = ?, uri = ?, corrupt_images = ? WHERE id = ?",
                    dataset.fingerprint, dataset.uri, dataset.corrupt_images, old.id)
      .Run();
}

}  // namespace dse
