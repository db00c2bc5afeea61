#include "db/rows/attempt_rows.h"

#include <cmath>

namespace dse {

void EndAttempt(sqlite::Connection& connection, int64_t run_id, int64_t attempt, double now,
                const char* outcome, const std::string& message) {
  sqlite::Statement(connection,
                    "UPDATE attempts SET ended_at = ?3, outcome = ?4, message = nullif(?5, '')"
                    " WHERE run_id = ?1 AND attempt = ?2",
                    run_id, attempt, now, outcome, message)
      .Run();
}

void CheckPercent(const Database& db, const std::optional<double>& error) {
  if (error && !(*error >= 0 && *error <= 100)) {
    throw Error(db.path() + ": an error of " + std::to_string(*error) +
                " cannot be stored: it must be a percentage from 0 to 100");
  }
}

std::optional<double> FiniteOrEmpty(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? value : std::nullopt;
}

}  // namespace dse
