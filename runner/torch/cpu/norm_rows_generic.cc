#include "runner/torch/cpu/norm_rows_body.h"

namespace dse::cpu {

const NormRows& GenericNormRows() { return kNormRows; }

}  // namespace dse::cpu
