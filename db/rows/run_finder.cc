#include "db/rows/run_finder.h"

#include "db/rows/run_rows.h"

namespace dse {

std::string KeyOf(const WantedRun& run, const std::string& fingerprint) {
  return RunKey(run.model_hash, run.recipe.hash, fingerprint, run.seed);
}

RunFinder::RunFinder(sqlite::Connection& connection, const DatasetRow& dataset, int64_t dataset_id)
    : dataset_(dataset),
      dataset_id_(dataset_id),
      find_(connection,
            "SELECT id, state, error, key, owner, lease_expires FROM runs"
            " WHERE key = ?1 OR (key = ?2 AND dataset_id = ?3)") {}

std::optional<RunFinder::Found> RunFinder::Find(const WantedRun& run) {
  find_.Bind(KeyOf(run, dataset_.fingerprint), KeyOf(run, dataset_.old_fingerprint), dataset_id_);
  if (!find_.Step()) return std::nullopt;
  return Found{find_.Int(0),          StoredState(find_.Text(1)),
               find_.OptionalReal(2), find_.Text(3),
               find_.Text(4),         find_.Real(5)};
}

}  // namespace dse
