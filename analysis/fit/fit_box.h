#pragma once

namespace dse {

// A box of RegNet parameters in the coordinates in which a prediction comes apart: which level a
// block has depends on (slope, root) alone, how wide a level is on (w0, root) alone.
struct FitBox {
  struct Range {
    double low = 0;
    double high = 0;
  };
  Range w0;
  Range slope;  // wa / w0
  Range root;   // sqrt(wm): level l starts where 1 + slope * j = root^(2l - 1)
};

// What w0 and wa, and wm, are taken from.
inline constexpr FitBox::Range kLinearRange{8, 256};
inline constexpr FitBox::Range kMultiplierRange{1.5, 3};

}  // namespace dse
