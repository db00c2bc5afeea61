#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/result.h"

namespace dse {

// Everything about a member that its error may depend on, by name:
// depth (blocks), w1.., d1.., b1.., g1.. (by stage; b and g where the block has them), w0, wa, wm
// (of the RegNet it was drawn as, else of the quantized linear fit), e_fit (the stored one, else
// computed), flops, params, acts, lr, wd, lr_wd (their product), and imported columns by their own
// names. A member without a model has only the imported ones, lr and wd; an imported column named
// like one of the above counts where the member does not have that property otherwise.
std::map<std::string, double> MemberProperties(const MemberRecord& member);

// The names in the order a reader expects: as listed above, then imported ones by the alphabet.
std::vector<std::string> SortedPropertyNames(std::vector<std::string> names);

}  // namespace dse
