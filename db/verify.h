#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "db/database.h"

namespace dse {

// Something in a file that cannot be right.
struct Finding {
  std::string where;   // "run 12 (0123456789abcdef)", "model 0123...", "" for the file itself
  std::string what;    // "its error is 12.5, but its last epoch tested 13.5"
  std::string remedy;  // what to do: "'dse runs retry --run 12' trains it again"

  // One line: "FILE: where: what; remedy".
  std::string Line(const std::string& file) const;
};
using FindingHook = std::function<void(const Finding&)>;

// What was looked at.
struct VerifiedRows {
  bool sound = true;  // SQLite reads the whole file; else the rows were not looked at
  int64_t models = 0;
  int64_t members = 0;
  int64_t runs = 0;
};

// Looks for what cannot be right in the rows of a file of any schema:
//   - SQLite's own checks of each table, and foreign keys; `deep`: that indexes hold what their
//     tables do too
//   - natural keys of spaces, populations, models, members and runs, made again of their contents
//   - what is counted of each model (depth, flops, params, acts, stages), counted again
//   - results: epochs that are missing or disagree with the error, attempts that end otherwise
//   - claims whose owner is gone, attempts left open, times in the wrong order
//   - series without runs, runs without a series or twice in one, links between what differs
// Keys that cannot be told from contents are let through: those of imported members and runs, and
// of runs that may have been taken over with an older dataset (README: Datasets of older files).
// Changes nothing and locks the file for a moment at a time only, but for SQLite's own checks, of a
// table at a time, and not while it calls `tell`; so it may be called while others train. Throws
// Error where the file cannot be read.
VerifiedRows VerifyRows(Database& db, const FindingHook& tell, bool deep = false);

// Every recipe that is not imported, by its name: its natural key and document. Making the key
// again is for who knows the defaults of recipes.
struct StoredRecipe {
  std::string hash;
  std::string name;
  std::string document;
};
void ReadRecipes(Database& db, const std::function<void(const StoredRecipe&)>& take);

}  // namespace dse
