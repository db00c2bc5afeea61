#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/database.h"
#include "db/documents.h"
#include "db/done_runs.h"

namespace dse {

// A test of kept weights. What older versions stored does not say of what split and classes it was.
struct Evaluation {
  double error = 0;  // percent
  std::optional<double> loss;
  int64_t images = 0;
  std::string split{};  // train, val or test; "" if unknown
  int64_t classes = 0;  // of the network that were tested over; 0 if unknown
  // What was said of which class is which: "by order", "FILE (digits of its contents)"; "" where
  // the names alone tell.
  std::string naming{};
};
std::optional<Evaluation> FindEvaluation(Database& db, int64_t run_id,
                                         const std::string& fingerprint);
// Replaces an older one of the run on this dataset, and those of older versions under this URI,
// which matched classes by their place; the URI is kept with it. False, with nothing changed, where
// the run has come to another result since it was loaded, or is gone.
bool StoreEvaluation(Database& db, const DoneRun& run, const DatasetRow& dataset,
                     const Evaluation& evaluation);

}  // namespace dse
