#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/draw.h"
#include "db/claims.h"
#include "db/database.h"
#include "db/documents.h"
#include "db/finishing.h"
#include "db/plan.h"
#include "db/populations.h"
#include "tests/support/temp_folder.h"

namespace dse {

// `count` small RegNetX-like members, all different: two stages of 1 and 2 blocks, widths 8(i+1)
// and 16(i+1), b = 1, g = 8, with the parameters they might have been drawn with.
std::vector<Draw> MakeDraws(int count, int first_width = 8);
PopulationRecord MakePopulation(const std::string& name);

// The populations of a file in order of creation.
struct PopulationSummary {
  PopulationRecord record;
  int64_t members = 0;
};
std::vector<PopulationSummary> ListPopulations(Database& db);

// A recipe document with this lr, its hash, and a dataset of ten classes.
RecipeRow MakeRecipe(const std::string& name, double lr);
DatasetRow MakeDataset();

// Every member of the population `repeats` times, seeds 0, 1, ...
WantedRuns MakeWanted(Database& db, const std::string& population, int repeats = 1);

// A file with population "p" of `count` members and their pending runs; the runs' ids.
std::vector<int64_t> MakeStudy(const std::string& path, int count);

// The stored file of schema 1, open.
Database OldFile(const TempFolder& folder);

ClaimRequest Request(const std::vector<int64_t>& run_ids, double lease_seconds = 1000);
FinishedRun Done(double error);

// The message of the Error that `action` throws; "" if it throws none.
std::string MessageOf(const std::function<void()>& action);

// A child process that runs `action`; it ends with 0, or with 1 where an exception left it.
// Database connections do not survive a fork, so none may be open in the parent.
int StartChild(const std::function<void()>& action);
// Its exit code; 128 + signal if one ended it.
int WaitForChild(int pid);
// Leaves the file as a process does that is killed in the middle of a change, part of which has
// reached the file: with a journal that undoes it. False if it has come out otherwise.
bool KillInTransaction(const std::string& path);
// MessageOf in a child without root's rights, which ignore those of files.
std::string MessageWithoutRoot(const std::function<void()>& action);

}  // namespace dse
