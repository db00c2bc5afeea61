#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/json.h"

namespace dse {

// Bounds on what is kept of one job, far above any real one (100 epochs are some 4,000 values).
inline constexpr int64_t kMaxJobValues = 2'000'000;
inline constexpr int64_t kMaxJobTextBytes = 16 << 20;

// Reads the sweep.json of pycls, an array of jobs, and hands them over one by one, numbered from 1;
// only one is in memory. Of a job the keys cfg, complexity, log_file, train_epoch, test_epoch and
// dse are kept (its whole output is in the file too). Python's NaN and Infinity, which are no JSON,
// are read as what is no number: NaN as "", the infinities as null. `text` is overwritten. Throws
// Error "FILE:LINE:COLUMN: reason", or "FILE: job N: reason": broken JSON, no array, a job that is
// no object, nesting deeper than 64, a key twice, a job too large.
void ReadSweepJobs(std::string& text, const std::string& file,
                   const std::function<void(int64_t job, const Json& data)>& take);

}  // namespace dse
