#include "db/timings.h"

#include "core/complexity.h"
#include "db/rows/member_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

const char* ModeWord(const TimingKey& key) { return key.training ? "training" : "inference"; }

}  // namespace

std::optional<Timing> FindTiming(Database& db, const TimingKey& key) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT t.milliseconds, t.lowest, t.highest, t.samples, t.engine"
                        " FROM timings t JOIN models o ON o.id = t.model_id"
                        " WHERE o.hash = ? AND t.mode = ? AND t.device = ? AND t.precision = ?"
                        " AND t.threads = ? AND t.batch_size = ?",
                        key.model_hash, ModeWord(key), key.device, key.precision, key.threads,
                        key.batch_size);
  if (!row.Step()) return std::nullopt;
  return Timing{row.Real(0), row.Real(1), row.Real(2), static_cast<int>(row.Int(3)), row.Text(4)};
}

void StoreTiming(Database& db, const Model& model, const TimingKey& key, const Timing& timing) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const int64_t model_id =
      MemberWriter(connection).StoreModel(model, key.model_hash, CountComplexity(model));
  sqlite::Statement(connection,
                    "INSERT OR REPLACE INTO timings"
                    "(model_id, mode, device, precision, threads, batch_size,"
                    " milliseconds, lowest, highest, samples, engine, measured_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    model_id, ModeWord(key), key.device, key.precision, key.threads, key.batch_size,
                    timing.milliseconds, timing.lowest, timing.highest, timing.samples,
                    timing.engine, sqlite::Now())
      .Run();
  transaction.Commit();
}

std::vector<TimingRecord> LoadTimings(Database& db) {
  std::vector<TimingRecord> timings;
  sqlite::Statement row(db.impl().connection,
                        "SELECT o.hash, t.mode = 'training', t.device, t.precision, t.threads,"
                        " t.batch_size, t.milliseconds FROM timings t"
                        " JOIN models o ON o.id = t.model_id"
                        " WHERE EXISTS (SELECT 1 FROM members m WHERE m.model_id = o.id)"
                        " ORDER BY o.id, t.mode, t.device, t.precision, t.threads, t.batch_size");
  while (row.Step()) {
    timings.push_back({{row.Text(0), row.Int(1) != 0, row.Text(2), row.Text(3),
                        static_cast<int>(row.Int(4)), static_cast<int>(row.Int(5))},
                       row.Real(6)});
  }
  return timings;
}

}  // namespace dse
