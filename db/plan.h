#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"
#include "db/documents.h"
#include "db/run_set.h"

namespace dse {

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
// runs of the dataset's old fingerprint (see db/rows/adoption.h), and says so once.
PlanSummary PlanRuns(Database& db, const WantedRuns& wanted);
// The same counts without writing: `inserted` and `pending` count what PlanRuns would insert;
// run_ids holds only runs that exist.
PlanSummary CountRuns(Database& db, const WantedRuns& wanted);
// How the runs of a plan stand now; `inserted` is 0.
PlanSummary CountRuns(Database& db, const RunSet& runs);

}  // namespace dse
