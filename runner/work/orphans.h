#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "db/file_runs.h"
#include "runner/work/run_files.h"

namespace dse {

// Files of runs that no run needs: of runs that are over or were forgotten, or left behind by
// processes that were killed while they wrote or right after they stored a result.

// Why the run, as it is now, does not need the file ("its run 12 is done"); "" where it may. Files
// of a running run are its owner's.
std::string WhyOrphan(const RunFile& file, const std::optional<FileRun>& run);

// Removes the file if its run in `db`, open for writing, still does not need it, which cannot
// change meanwhile, and `held` says no. False if it was left.
bool RemoveOrphan(Database& db, const RunFile& file, const std::function<bool()>& held);

// Removes what killed workers left behind of runs that have a result. Answers how many files. For
// the beginning and the end of a training; what cannot be removed now stays.
int64_t RemoveLeftBehind(const std::string& db_path, const std::string& folder);

}  // namespace dse
