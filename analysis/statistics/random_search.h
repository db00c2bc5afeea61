#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace dse {

// What random search finds by training this many models.
struct SearchPoint {
  int64_t models = 0;
  double expected = 0;  // of the smallest error
  double low = 0;       // quantiles of the smallest error, (1 - level) / 2 and 1 - (1 - level) / 2
  double high = 0;
};

// The smallest error of k models drawn without replacement from the n given (the paper's
// section 3.1 draws such samples). Its law is known, so nothing is drawn: of errors sorted, the one
// of rank r is the smallest of k with probability C(n-r, k-1) / C(n, k). A quantile is the smallest
// error whose cumulative weight reaches it.
//
// One point for each k of 1..256, then 32 for each doubling (256 * 2^(i/32), rounded), and n. Ranks
// behind which the smallest error lies with a probability below 1e-16 are left out of the mean.
// Work is about 110 n steps. Throws Error for no errors or one that is not finite.
std::vector<SearchPoint> RandomSearchCurve(std::span<const double> errors, double level = 0.95);

}  // namespace dse
