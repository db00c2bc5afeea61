#include "analysis/statistics/edf.h"

#include <algorithm>
#include <cmath>

#include "analysis/statistics/proportion.h"
#include "core/error.h"

namespace dse {

Edf MakeEdf(std::span<const double> errors) {
  if (errors.empty()) throw Error("the error distribution of no models is not defined");
  std::vector<double> sorted(errors.begin(), errors.end());
  for (double error : sorted) {
    if (!std::isfinite(error)) throw Error("an error in a distribution must be a finite number");
  }
  std::sort(sorted.begin(), sorted.end());
  Edf edf;
  edf.n = static_cast<int64_t>(sorted.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (i + 1 < sorted.size() && sorted[i + 1] == sorted[i]) continue;
    edf.points.push_back(
        {sorted[i], static_cast<double>(i + 1) / static_cast<double>(sorted.size())});
  }
  return edf;
}

Edf ThinEdf(const Edf& edf, size_t limit) {
  const size_t n = edf.points.size();
  if (limit < 2) throw Error("internal: a curve needs at least two points");
  if (n <= limit) return edf;
  Edf thin{edf.n, {}};
  for (size_t i = 0; i < limit; ++i) thin.points.push_back(edf.points[i * (n - 1) / (limit - 1)]);
  return thin;
}

double EdfAt(const Edf& edf, double error) {
  const auto above =
      std::upper_bound(edf.points.begin(), edf.points.end(), error,
                       [](double value, const EdfPoint& point) { return value < point.error; });
  return above == edf.points.begin() ? 0 : (above - 1)->f;
}

double EdfQuantile(const Edf& edf, double q) {
  if (edf.points.empty()) throw Error("the error distribution of no models has no quantiles");
  constexpr double kRounding = 1e-12;
  const auto reached = std::ranges::find_if(
      edf.points, [q](const EdfPoint& point) { return point.f >= q - kRounding; });
  return reached == edf.points.end() ? edf.points.back().error : reached->error;
}

double DkwHalfWidth(int64_t n, double level) {
  if (n <= 0) throw Error("the error distribution of no models has no confidence band");
  return std::sqrt(std::log(2 / (1 - level)) / (2 * static_cast<double>(n)));
}

std::vector<Interval> DkwBand(const Edf& edf, double level) {
  const double half = DkwHalfWidth(edf.n, level);
  std::vector<Interval> band;
  for (const EdfPoint& point : edf.points) {
    band.push_back({point.f, std::max(0.0, point.f - half), std::min(1.0, point.f + half), level});
  }
  return band;
}

std::vector<Interval> ClopperPearsonBand(const Edf& edf, double level) {
  std::vector<Interval> band;
  for (const EdfPoint& point : edf.points) {
    const auto count = std::llround(point.f * static_cast<double>(edf.n));
    band.push_back(ClopperPearson(count, edf.n, level));
  }
  return band;
}

}  // namespace dse
