#pragma once

namespace dse {

// Does so many steps of independent multiply-adds in registers, on full vectors; answers the
// floating-point operations they are. The time this takes is the peak of a core.
double RunMultiplyAdds(long steps);

}  // namespace dse
