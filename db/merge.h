#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/database.h"

namespace dse {

// Which of two results of one run counts where they differ.
enum class Prefer {
  kNeither,  // the one that the file has, until somebody decides
  kFirst,    // the one that the file has
  kNewest,   // the one that was reached last, by `finished_at`
};

// A run that has another result in the file than in one that was merged, neither preferred.
struct MergeConflict {
  int64_t run_id = 0;  // in the file
  std::string hash;    // "" without a model
  std::string recipe;
  int64_t seed = 0;
  RunState state = RunState::kDone;
  std::optional<double> error;
  RunState other_state = RunState::kDone;
  std::optional<double> other_error;
  std::string source;  // the file that had it
  std::optional<double> best_error;
  std::optional<double> other_best_error;
};

// A property of a member that has another value in the file than in one that was merged. The file's
// stays.
struct PropertyConflict {
  std::string population;
  int64_t member = 0;  // its index in the file
  std::string name;
  double value = 0;
  double other_value = 0;
};

// A run of a shard, for what lies beside the databases.
struct MergedRun {
  std::string key;        // natural, in the file
  std::string shard_key;  // likewise in the shard
  bool shown = false;     // what the file shows is the shard's result
  bool open = false;      // the file has no result, and the run may be trained
};

// A run of the file that is done, and an attempt of it whose result was replaced: by this merge or
// an earlier one.
struct ReplacedResult {
  std::string key;
  int64_t attempt = 0;  // the one before
};

struct MergeSummary {
  int64_t runs = 0;      // that the file did not know
  int64_t results = 0;   // runs known before that got their result, or failed
  int64_t attempts = 0;  // new to the file
  int64_t epochs = 0;
  int64_t rows = 0;       // changed, of all kinds
  int64_t busy = 0;       // runs left alone because somebody trains them into the file right now
  int64_t cancelled = 0;  // results that do not count because the run was cancelled in the file
  std::vector<MergeConflict> conflicts;      // of this shard's runs that nobody decided yet
  std::vector<PropertyConflict> properties;  // unless the file is preferred
  std::vector<MergedRun> merged;
  std::vector<ReplacedResult> replaced;  // all that the file has of this shard's runs
};

struct MergeOptions {
  Prefer prefer = Prefer::kNeither;
  // Called within the transaction, when all else in it is done, with what this merge replaced. The
  // transaction may still fail after it.
  std::function<void(const std::vector<ReplacedResult>&)> before_commit;
};

// Brings the rows of the results file `shard` (db/merge_source.h), known to people as `name`, into
// `db` in one transaction: what is the same by natural keys stays one row. Again it changes
// nothing. A run without a result gets that of the shard; its attempts come along under numbers of
// their own. Where both have a result, and not the same, the other's is kept with its attempt and
// in the table `rivals`. Throws Error, leaving `db` as it was, where the two have populations of
// one name that were made differently.
MergeSummary MergeRows(Database& db, const std::string& shard, const std::string& name,
                       const MergeOptions& options);

// Throws that Error alone, and changes nothing.
void CheckMergeable(Database& db, const std::string& shard, const std::string& name);

}  // namespace dse
