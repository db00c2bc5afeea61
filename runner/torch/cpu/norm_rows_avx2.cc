#include "runner/torch/cpu/norm_rows_body.h"

namespace dse::cpu {

const NormRows& Avx2NormRows() { return kNormRows; }

}  // namespace dse::cpu
