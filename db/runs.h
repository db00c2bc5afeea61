#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"

namespace dse {

// A document with its natural key: a recipe's hash, or a dataset's fingerprint. Name and URI are
// stored as first given.
struct RecipeRow {
  std::string hash;
  std::string name;
  std::string document;  // canonical JSON with every key: lr and weight_decay are read from it
};
struct DatasetRow {
  std::string fingerprint;
  std::string uri;
  int64_t classes = 0;
  int64_t train_images = 0;
  int64_t test_images = 0;
  std::string old_fingerprint{};  // see db/adoption.h; "" = none
  int64_t corrupt_images = 0;     // left out when it was opened
};

// One wanted run of one member: `recipe` is the effective one, the series' recipe plus the member's
// overrides.
struct WantedRun {
  int64_t member_id = 0;
  uint64_t seed = 0;  // below 2^63; a larger one is refused
  std::string model_hash;
  RecipeRow recipe;
};

// The runs a training command is about: of some members, with one recipe on one dataset.
struct WantedRuns {
  RecipeRow recipe;  // the series' own, without overrides
  DatasetRow dataset;
  std::vector<WantedRun> runs;
};

// Runs of a file from before fingerprints covered contents, taken for those of a dataset.
struct AdoptedRuns {
  std::string uri;  // that their dataset had in the file
  int64_t runs = 0;
};

// What a plan found. `run_ids` are the distinct runs of the plan, in the order wanted, for
// ClaimNext.
struct PlanSummary {
  std::vector<int64_t> run_ids;
  int64_t inserted = 0;
  StateCounts states;                // after inserting
  std::optional<double> best_error;  // lowest final error so far
  std::optional<AdoptedRuns> adopted;
};

// The natural key of a run: the short hash of (model hash, recipe hash, dataset fingerprint, seed).
// Runs that a dataset took over keep the key of its old fingerprint.
std::string RunKey(const std::string& model_hash, const std::string& recipe_hash,
                   const std::string& fingerprint, uint64_t seed);

// Inserts the series of every population concerned and the runs that are missing, and links members
// to runs, in one transaction. Two populations with the same model share its run. Takes over the
// runs of the dataset's old fingerprint (see db/adoption.h), and says so once.
PlanSummary PlanRuns(Database& db, const WantedRuns& wanted);
// The same counts without writing: `inserted` and `pending` count what PlanRuns would insert;
// run_ids holds only runs that exist.
PlanSummary CountRuns(Database& db, const WantedRuns& wanted);
// How the runs of a plan stand now; `inserted` is 0.
PlanSummary CountRuns(Database& db, std::span<const int64_t> run_ids);

// Who holds a run. The token is unique to a process and tells, on its own machine, whether that
// process still lives.
class Owner {
 public:
  static Owner ThisProcess();
  static Owner FromToken(std::string token) { return Owner(std::move(token)); }
  const std::string& token() const { return token_; }
  // "host" part, for people.
  std::string host() const;
  // True only if the process certainly ended: same machine, boot and pid namespace as ours, and no
  // such process. Anything unknown counts as alive.
  bool CertainlyDead() const;

 private:
  explicit Owner(std::string token) : token_(std::move(token)) {}
  std::string token_;  // host/boot/pid-namespace/pid/start-time/random
};

struct ClaimRequest {
  std::span<const int64_t> run_ids;
  int retries = 2;             // a failed run is claimed again up to this many times
  double lease_seconds = 120;  // until others may take the run if no heartbeat comes
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
std::optional<ClaimedRun> ClaimNext(Database& db, const Owner& owner, const ClaimRequest& request);

// Gives runs of the set whose lease ran out or whose owner certainly ended back to pending (attempt
// outcome "lost"; the fifth loss of a run makes it failed). Returns how many.
int64_t ReclaimLost(Database& db, std::span<const int64_t> run_ids);

// Each returns false, changing nothing, if the run is no longer ours.
bool RenewLease(Database& db, const ClaimedRun& run, double lease_seconds);
// Renews the lease and calls `action`, which should take milliseconds: while it works nobody else
// can write to the file, so the run is certainly still ours.
bool WhileOurs(Database& db, const ClaimedRun& run, double lease_seconds,
               const std::function<void()>& action);
struct EpochRecord {
  int64_t epoch = 0;                    // from 1
  double lr = 0;                        // of this epoch, as applied (scaled to the batch)
  std::optional<double> train_loss{};   // empty where not finite
  std::optional<double> train_error{};  // percent
  std::optional<double> test_loss{};
  std::optional<double> test_error{};  // percent
  double seconds = 0;
};
bool RecordEpoch(Database& db, const ClaimedRun& run, const EpochRecord& epoch);
struct FinishedRun {
  RunState state = RunState::kDone;  // kDone, kDiverged, kOutOfMemory, kFailed
  std::optional<double> error;       // kDone only
  std::optional<double> best_error;
  std::optional<int64_t> micro_batch;
  double seconds = 0;
  std::optional<double> img_per_s;  // training images a second
  std::string message;              // why, for kFailed and kDiverged
  std::string torch_version;
  std::string precision;  // that was trained in: "fp32", "bf16", ...; "" if unknown
};
// `settle` is called while the run is still ours, right before others see the result. Nothing is
// stored if it throws.
bool FinishRun(Database& db, const ClaimedRun& run, const FinishedRun& result,
               const std::function<void()>& settle = {});
// Back to pending; the attempt is kept as "released", with the message if there is one, and does
// not count as a failure.
bool ReleaseRun(Database& db, const ClaimedRun& run, const std::string& message = "");

// An attempt that ended as failed.
struct FailedAttempt {
  int64_t run_id = 0;
  int64_t attempt = 0;
};
// Makes failures undone that were not the runs' own: each goes back to pending and its attempt
// becomes "released", the message kept, unless the run was taken again meanwhile. Returns how many.
int64_t TakeBackFailures(Database& db, std::span<const FailedAttempt> failures);

}  // namespace dse
