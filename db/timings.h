#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/timing.h"
#include "db/database.h"

namespace dse {

// A timing as it is stored.
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
