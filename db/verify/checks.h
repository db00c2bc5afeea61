#pragma once

// The parts of VerifyRows.

#include <cstdint>
#include <functional>
#include <string>

#include "db/sqlite/sqlite.h"
#include "db/verify.h"

namespace dse {

// Row ids of a table in pieces of some hundreds, so that no query holds the file for long.
void ForPages(sqlite::Connection& connection, const std::string& table,
              const std::function<void(int64_t first, int64_t last)>& look);

inline constexpr const char* kRestoreCopy = "restore the file from a copy";

// Each says how many rows it looked at.
void CheckSpaces(sqlite::Connection& connection, const FindingHook& found);
void CheckPopulations(sqlite::Connection& connection, const FindingHook& found);
int64_t CheckModels(sqlite::Connection& connection, const FindingHook& found);
int64_t CheckMembers(sqlite::Connection& connection, const FindingHook& found);

int64_t CheckRuns(sqlite::Connection& connection, const FindingHook& found);
void CheckAttempts(sqlite::Connection& connection, const FindingHook& found);
void CheckSeries(sqlite::Connection& connection, const FindingHook& found);

}  // namespace dse
