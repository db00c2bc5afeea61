#include "runner/torch/cpu/norm_rows.h"

namespace dse::cpu {
namespace {

const NormRows& Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return Avx512NormRows();
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Avx2NormRows();
#endif
  return GenericNormRows();
}

}  // namespace

const NormRows& BestNormRows() {
  static const NormRows& best = Choose();
  return best;
}

}  // namespace dse::cpu
