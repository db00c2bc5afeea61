#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "db/documents.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// Runs of files from before fingerprints covered labels and contents: their dataset is known by
// DatasetRow::old_fingerprint. The first dataset wanted that had this fingerprint, with as many
// classes and images, is taken for theirs; its row gets the new fingerprint, so other contents
// under the same old one are another dataset from then on. Nothing is taken over where the file
// has series of the new fingerprint already.
//
// The runs keep their keys (made of the old fingerprint), by which their files are named. Tests of
// kept weights on a row without runs are not taken over: they may be of other contents.

struct OldDataset {
  int64_t id = 0;
  std::string uri;
  int64_t runs = 0;
  std::optional<int64_t> tested_id;  // row of the new fingerprint that only evaluations have
};

// What would be taken over; empty: nothing.
std::optional<OldDataset> FindOldDataset(sqlite::Connection& connection, const DatasetRow& dataset);

// Takes it over. Runs and evaluations keep the URI that the old row had. Within a transaction.
void AdoptDataset(sqlite::Connection& connection, const DatasetRow& dataset, const OldDataset& old);

}  // namespace dse
