#include "runner/work/forecast.h"

#include <algorithm>

namespace dse {
namespace {

// The mean time of a finished run of this recipe and dataset in this file, if there is one.
std::optional<double> SecondsPerRun(Database& db, const WantedRuns& wanted) {
  double seconds = 0;
  int64_t runs = 0;
  for (const SeriesStatus& series : LoadStatus(db).series) {
    if (series.recipe != wanted.recipe.name || series.dataset != wanted.dataset.uri) continue;
    if (!series.mean_seconds) continue;
    seconds += *series.mean_seconds * double(series.states.final());
    runs += series.states.final();
  }
  if (runs == 0) return {};
  return seconds / double(runs);
}

}  // namespace

Forecast ForecastPlan(Database& db, const WantedRuns& wanted, int workers) {
  const StateCounts states = CountRuns(db, wanted).states;
  Forecast forecast;
  forecast.wanted = states.total();
  forecast.finished = states.final();
  forecast.missing = forecast.wanted - forecast.finished;
  if (const std::optional<double> each = SecondsPerRun(db, wanted)) {
    forecast.seconds = *each * double(forecast.missing) / double(workers);
  }
  return forecast;
}

std::optional<double> SecondsLeft(const StateCounts& states, const RecentRuns& recent) {
  const int64_t running = states[RunState::kRunning];
  const std::optional<double> per_hour = recent.PerHour();
  if (running == 0 || !per_hour) return {};
  return 3600 * double(states[RunState::kPending] + running) / *per_hour;
}

std::optional<double> SecondsLeft(const SeriesStatus& series) {
  constexpr int64_t kEnoughRuns = 10;
  if (series.recent.finished >= kEnoughRuns && series.states[RunState::kRunning] > 0) {
    return SecondsLeft(series.states, series.recent);
  }
  const int64_t running = series.states[RunState::kRunning];
  const int64_t open = series.states[RunState::kPending] + running;
  if (!series.mean_seconds || open == 0) return {};
  return *series.mean_seconds * double(open) / double(std::max<int64_t>(1, running));
}

}  // namespace dse
