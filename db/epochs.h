#pragma once

#include <cstdint>
#include <optional>

#include "db/claims.h"
#include "db/database.h"

namespace dse {

// What an epoch of training came to.
struct EpochRecord {
  int64_t epoch = 0;                    // from 1
  double lr = 0;                        // of this epoch, as applied (scaled to the batch)
  std::optional<double> train_loss{};   // empty where not finite
  std::optional<double> train_error{};  // percent
  std::optional<double> test_loss{};
  std::optional<double> test_error{};  // percent
  double seconds = 0;
};
// False, changing nothing, if the run is no longer ours. An epoch that was done again replaces what
// it was before.
bool RecordEpoch(Database& db, const ClaimedRun& run, const EpochRecord& epoch);

}  // namespace dse
