#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "db/database.h"

namespace dse {

// A done run, whose weights may have been kept.
struct DoneRun {
  int64_t run_id = 0;
  std::string key;    // natural
  std::string model;  // name of its first member, else the hash
  std::string model_json;
  std::string recipe_json;
  int64_t seed = 0;
  double error = 0;         // percent
  std::string fingerprint;  // of the dataset it was trained on
  int64_t attempt = 0;      // that came to the error
};
// The done runs of the named populations and recipes, of all if none is named, in order of
// creation. Throws Error for an unknown name and suggests the nearest.
std::vector<DoneRun> LoadDoneRuns(Database& db, const std::vector<std::string>& populations,
                                  const std::vector<std::string>& recipes);

// The mean error of a network's done runs; empty where there are none or where they are of several
// recipes or datasets.
std::optional<double> FindError(Database& db, const std::string& model_hash);

}  // namespace dse
