#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "db/database.h"

namespace dse {

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
  std::string engine;  // with its version: "LibTorch 2.11.0"
};
std::optional<Timing> FindTiming(Database& db, const TimingKey& key);
// Stores the model too where the file does not have it; replaces an older timing of the key.
void StoreTiming(Database& db, const Model& model, const TimingKey& key, const Timing& timing);

// Every timing of the networks of the file's populations, in the order of the networks.
std::vector<TimingRecord> LoadTimings(Database& db);

}  // namespace dse
