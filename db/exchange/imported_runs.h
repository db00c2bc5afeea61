#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/exchange/import.h"
#include "db/exchange/import_identity.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// "FILE:LINE" or "FILE: job N", as messages begin.
std::string ImportPlace(const std::string& file, const ImportRow& row);

// Row ids of a series that was imported.
struct ImportedSeries {
  int64_t id = 0;
  int64_t recipe_id = 0;
  int64_t dataset_id = 0;
};

// The run of an imported row.
struct ImportedRun {
  const ImportRow& row;
  const RunIdentities::Identity& identity;
  const ImportedSeries& series;
  int64_t member_id = 0;
  std::optional<int64_t> model_id;
};

// Puts runs with their learning curves into the file. Use within a transaction.
class ImportedRuns {
 public:
  explicit ImportedRuns(sqlite::Connection& connection);

  enum class Outcome { kNew, kKnown, kUpdated };
  // A run the file has must be the same, unless it is a job of a sweep that had failed or not ended
  // before. Throws Error (file, place, what the file has) for another.
  Outcome Store(const ImportedRun& run, const std::string& file);

 private:
  bool SameCurve(int64_t run_id, const ImportRow& row);
  void Update(int64_t run_id, const ImportRow& row);
  void StoreCurve(int64_t run_id, const ImportRow& row);

  sqlite::Connection& connection_;
  sqlite::Statement insert_;
  sqlite::Statement link_;
  sqlite::Statement insert_attempt_;
  sqlite::Statement insert_epoch_;
  sqlite::Statement count_epochs_;
};

}  // namespace dse
