#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "db/run_list.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// Recipe and dataset of numbers without any, whose runs have no attempt of their own.
inline constexpr const char* kImported = "imported";

// The state a column holds; the file's own CHECK leaves no other word.
RunState StoredState(const std::string& text);

// Row ids of the runs that `filter` lets through, ascending. Throws Error for a name or id that is
// not in the file and suggests the nearest name.
std::vector<int64_t> FindRunIds(sqlite::Connection& connection, const RunFilter& filter);

}  // namespace dse
