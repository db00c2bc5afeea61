#include "db/run_times.h"

#include "db/sqlite/connection.h"

namespace dse {

SeriesTimes TimesLike(Database& db, int64_t run_id) {
  sqlite::Connection& connection = db.impl().connection;
  SeriesTimes times;
  sqlite::Statement run(connection,
                        "SELECT o.flops, coalesce(json_extract(p.document, '$.epochs'), 0)"
                        " FROM runs r JOIN models o ON o.id = r.model_id"
                        " JOIN recipes p ON p.id = r.recipe_id WHERE r.id = ?",
                        run_id);
  if (!run.Step()) return times;
  times.flops = run.Int(0);
  times.epochs = run.Int(1);
  sqlite::Statement finished(
      connection,
      "SELECT o.flops, r.seconds FROM (SELECT DISTINCT l.run_id FROM series_runs s"
      "  JOIN series_runs l ON l.series_id = s.series_id WHERE s.run_id = ?1) q"
      " JOIN runs r ON r.id = q.run_id AND r.state = 'done' AND r.seconds > 0"
      " JOIN models o ON o.id = r.model_id ORDER BY abs(o.flops - ?2), r.id LIMIT 5",
      run_id, times.flops);
  while (finished.Step()) times.finished.push_back({finished.Int(0), finished.Real(1)});
  return times;
}

}  // namespace dse
