#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "db/database.h"
#include "db/owner.h"
#include "db/run_set.h"

namespace dse {

// Of a claim until others may take the run, unless it is renewed.
inline constexpr double kLeaseSeconds = 120;

struct ClaimRequest {
  RunSet run_ids;
  int retries = 2;                       // a failed run is claimed again up to this many times
  double lease_seconds = kLeaseSeconds;  // until others may take the run if no heartbeat comes
  std::string host;
  std::string device;
  std::string data_uri;     // that the images are read from
  std::string fingerprint;  // of these images: runs on others are not taken; "" = whatever they are
};

// A run in our hands. The pair (run_id, attempt) with our token is what every later write is
// checked against: a late finisher cannot overwrite.
struct ClaimedRun {
  int64_t run_id = 0;
  int64_t attempt = 0;
  std::string key;  // the run's natural key
  std::string token;
  std::string model_json;
  std::string recipe_json;
  std::string fingerprint;
  uint64_t seed = 0;
  int64_t epochs_before = 0;  // the furthest that an earlier attempt came
};

// Takes the first claimable run of the set. Pending runs come first; then those whose last attempt
// was lost, or given back with a message; last the failed ones with attempts left. Empty: none.
// What it costs does not grow with the set or the file, but for the first claim of a connection
// from a set and one that finds none: these read which runs of the file are claimable.
std::optional<ClaimedRun> ClaimNext(Database& db, const Owner& owner, const ClaimRequest& request);

// Each returns false, changing nothing, if the run is no longer ours.
bool RenewLease(Database& db, const ClaimedRun& run, double lease_seconds);
// Renews the lease and calls `action`, which should take milliseconds: while it works nobody else
// can write to the file, so the run is certainly still ours.
bool WhileOurs(Database& db, const ClaimedRun& run, double lease_seconds,
               const std::function<void()>& action);

}  // namespace dse
