#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/result.h"
#include "db/plan.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// RunKey of a wanted run on a dataset.
std::string KeyOf(const WantedRun& run, const std::string& fingerprint);

// Finds runs by model, recipe, dataset and seed.
class RunFinder {
 public:
  // Those the dataset, whose row id this is, took over, or would, are found by the keys they had.
  RunFinder(sqlite::Connection& connection, const DatasetRow& dataset, int64_t dataset_id);

  struct Found {
    int64_t id = 0;
    RunState state = RunState::kPending;
    std::optional<double> error;
    std::string key;
    std::string owner;         // "" unless running
    double lease_expires = 0;  // likewise
  };
  std::optional<Found> Find(const WantedRun& run);

 private:
  const DatasetRow& dataset_;
  int64_t dataset_id_;
  sqlite::Statement find_;
};

}  // namespace dse
