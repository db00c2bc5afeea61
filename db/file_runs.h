#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/result.h"
#include "db/database.h"

namespace dse {

// A run as far as its files ask for it, which are named by its natural key.
struct FileRun {
  int64_t id = 0;
  RunState state = RunState::kPending;
  std::string model_hash;  // "" without a network
  std::string model_json;
  std::optional<double> finished_at;
};
std::optional<FileRun> FindFileRun(Database& db, const std::string& key);

// Calls `action` with the run of that key as it is, or without one, while nobody can write to the
// file: whoever is given no running run finds that it stays so. It should take milliseconds.
void WithFileRun(Database& db, const std::string& key,
                 const std::function<void(const std::optional<FileRun>&)>& action);

// Whether a run is over and finished at least some seconds ago: a worker removes what it left
// behind right after it stored its result.
bool IsSettled(const FileRun& run);

}  // namespace dse
