#pragma once

// The parts of VerifyRows.

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "db/sqlite/sqlite.h"
#include "db/verify.h"

namespace dse {

// Findings wait until no query reads the file: whoever is told may take as long as it likes, and
// the file must not be locked meanwhile.
class Findings {
 public:
  explicit Findings(const FindingHook& tell) : tell_(tell) {}
  void operator()(Finding finding) { waiting_.push_back(std::move(finding)); }
  void Tell() {
    for (const Finding& finding : waiting_) tell_(finding);
    waiting_.clear();
  }

 private:
  const FindingHook& tell_;
  std::vector<Finding> waiting_;
};

// Row ids of a table in pieces of some hundreds, so that no query holds the file for long. What was
// found is told after each; `look` leaves no query at a row.
void ForPages(sqlite::Connection& connection, const std::string& table, Findings& found,
              const std::function<void(int64_t first, int64_t last)>& look);

inline constexpr const char* kRestoreCopy = "restore the file from a copy";

// Each says how many rows it looked at.
void CheckSpaces(sqlite::Connection& connection, Findings& found);
void CheckPopulations(sqlite::Connection& connection, Findings& found);
int64_t CheckModels(sqlite::Connection& connection, Findings& found);
int64_t CheckMembers(sqlite::Connection& connection, Findings& found);

int64_t CheckRuns(sqlite::Connection& connection, Findings& found);
void CheckAttempts(sqlite::Connection& connection, Findings& found);
void CheckSeries(sqlite::Connection& connection, Findings& found);

}  // namespace dse
