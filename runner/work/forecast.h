#pragma once

#include <cstdint>
#include <optional>

#include "db/plan.h"
#include "db/status.h"

namespace dse {

// What a plan still needs.
struct Forecast {
  int64_t wanted = 0;  // runs
  int64_t finished = 0;
  int64_t missing = 0;
  // Until the missing ones are done; empty where no run of this recipe and dataset has finished.
  std::optional<double> seconds;
};
// At the mean pace of the file's finished runs of this recipe and dataset, by so many workers.
Forecast ForecastPlan(Database& db, const WantedRuns& wanted, int workers);

// Seconds until a series' open runs are done: at the rate of late where runs are held and ten ended
// lately, else at its mean pace with as many hands as now; empty where nothing is open or nothing
// finished.
std::optional<double> SecondsLeft(const SeriesStatus& series);
// At the rate of late alone; empty where no run is held or none ended lately.
std::optional<double> SecondsLeft(const StateCounts& states, const RecentRuns& recent);

}  // namespace dse
