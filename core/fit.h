#pragma once

#include <optional>
#include <string>

namespace dse {

// A quantized linear fit of a network's block widths (section 3.3 of the paper):
// e_fit = mean over blocks of |log(predicted width / observed width)|.
struct Fit {
  double w0 = 0;
  double wa = 0;
  double wm = 0;
  double e_fit = 0;
  friend bool operator==(const Fit&, const Fit&) = default;
};

// The name of the grid a fit was searched on, as stored beside it: w0 and wa in 8..256 step 8, wm
// in 1.5..3 step 0.05.
inline constexpr const char* kDefaultGridName = "w0=8:256:8,wa=8:256:8,wm=1.5:3:0.05";
// The same for the search over all parameters in these ranges (analysis/fit/refined_fit.h).
inline constexpr const char* kRefinedFitName = "continuous:w0=8:256,wa=8:256,wm=1.5:3";

}  // namespace dse
