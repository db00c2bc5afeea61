#include "runner/work/time_left.h"

#include <algorithm>
#include <cmath>

#include "core/clock.h"
#include "runner/slurm/batch_script.h"

namespace dse {
namespace {

constexpr size_t kNearest = 5;

}  // namespace

std::optional<double> ExpectedSeconds(int64_t flops, std::vector<RunTime> finished) {
  if (finished.empty()) return {};
  const double size = std::log(std::max(1.0, double(flops)));
  const auto distance = [&](const RunTime& run) {
    return std::abs(std::log(std::max(1.0, double(run.flops))) - size);
  };
  const auto nearest =
      finished.begin() + static_cast<std::ptrdiff_t>(std::min(kNearest, finished.size()));
  std::partial_sort(finished.begin(), nearest, finished.end(),
                    [&](const RunTime& a, const RunTime& b) { return distance(a) < distance(b); });
  double longest = 0;
  for (auto run = finished.begin(); run != nearest; ++run) {
    longest = std::max(longest, run->seconds * double(flops) / std::max(1.0, double(run->flops)));
  }
  return longest;
}

TimeLeft::TimeLeft(const std::optional<SlurmJob>& job) {
  if (!job || !job->end) return;
  const std::optional<int64_t> limit =
      job->start ? std::optional<int64_t>(*job->end - *job->start) : std::nullopt;
  end_ = double(*job->end - SignalSeconds(limit));
}

bool TimeLeft::Fits(Database& db, const ClaimedRun& run) {
  if (!end_) return true;
  const double left = *end_ - SecondsSince1970();
  if (first_) {
    first_ = false;
    return true;
  }
  if (left <= 0) return false;
  const SeriesTimes times = TimesLike(db, run.run_id);
  const std::optional<double> whole = ExpectedSeconds(times.flops, times.finished);
  if (!whole) return true;
  const double done = times.epochs > 0 ? double(run.epochs_before) / double(times.epochs) : 0;
  return *whole * std::max(0.0, 1 - done) <= left;
}

}  // namespace dse
