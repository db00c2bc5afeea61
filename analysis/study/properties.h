#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
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

// One property of many members.
struct PropertyColumn {
  std::string name;
  std::vector<double> values;  // NaN for a member without it
};

// The properties of these members by columns, each as long as `members`, in the order a reader
// expects: as listed above, then imported ones by the alphabet. Columns nobody has are left out.
std::vector<PropertyColumn> TabulateProperties(std::span<const MemberRecord* const> members);

}  // namespace dse
