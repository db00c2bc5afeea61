#include "runner/torch/cpu/norm_rows_body.h"

namespace dse::cpu {

const NormRows& Avx512NormRows() { return kNormRows; }

}  // namespace dse::cpu
