#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/statistics/interval.h"

namespace dse {

// The share of models with at most this error.
struct EdfPoint {
  double error = 0;
  double f = 0;
  friend bool operator==(const EdfPoint&, const EdfPoint&) = default;
};

// The error distribution of a population (equation 1 of the paper): F(e) = #{i : e_i <= e} / n,
// here with the equal errors counted in. One point per distinct error, ascending; the last f is 1.
struct Edf {
  int64_t n = 0;
  std::vector<EdfPoint> points;
};

// Throws Error for no errors or one that is not finite.
Edf MakeEdf(std::span<const double> errors);

// At most `limit` of the points, 2 or more, at even steps of rank, the first and the last among
// them; the same distribution where it has no more.
Edf ThinEdf(const Edf& edf, size_t limit);
inline constexpr size_t kDrawnEdfPoints = 500;  // so many are drawn of a long distribution

// F at any error: 0 below the first point.
double EdfAt(const Edf& edf, double error);

// The smallest error at which F reaches q, 0 < q <= 1.
double EdfQuantile(const Edf& edf, double q);

// Half the width of the simultaneous band of Dvoretzky, Kiefer and Wolfowitz with Massart's
// constant: sqrt(log(2 / (1 - level)) / (2 n)). n > 0.
double DkwHalfWidth(int64_t n, double level = 0.95);

// Limits of F at each point of the EDF. The DKW band holds for the whole curve at once; the band of
// Clopper and Pearson is exact at each point by itself, and narrower.
std::vector<Interval> DkwBand(const Edf& edf, double level = 0.95);
std::vector<Interval> ClopperPearsonBand(const Edf& edf, double level = 0.95);

}  // namespace dse
