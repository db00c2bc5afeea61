#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "db/database.h"
#include "db/runs.h"

namespace dse {

// What is measured of networks beside their training: kept weights tested on a dataset, and the
// time of a batch.

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

// What a timing is of.
struct TimingKey {
  std::string model_hash;
  bool training = false;  // a whole step; else inference
  std::string device;
  std::string precision;  // fp32, tf32, bf16, fp16
  int threads = 0;        // of the CPU; 0 on a GPU
  int batch_size = 0;
};
struct Timing {
  double milliseconds = 0;  // median
  double lowest = 0;
  double highest = 0;
  int samples = 0;
  std::string library;
};
std::optional<Timing> FindTiming(Database& db, const TimingKey& key);
// Stores the model too where the file does not have it; replaces an older timing of the key.
void StoreTiming(Database& db, const Model& model, const TimingKey& key, const Timing& timing);

// Every timing of the networks of the file's populations, in the order of the networks.
std::vector<TimingRecord> LoadTimings(Database& db);

// The mean error of a network's done runs; empty where there are none or where they are of several
// recipes or datasets.
std::optional<double> FindError(Database& db, const std::string& model_hash);

}  // namespace dse
