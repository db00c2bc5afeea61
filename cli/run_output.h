#pragma once

#include <string>
#include <vector>

#include "db/run_history.h"
#include "db/run_list.h"
#include "runner/work/run_files.h"

namespace dse {

// A run with all that `dse runs show` tells of it.
struct ShownRun {
  ListedRun run;
  RunHistory history;
  RunFiles files;
};

// A table with a line for each run, and {"runs":[{...}]}.
std::string RunsText(const std::vector<ListedRun>& runs);
std::string RunsJson(const std::vector<ListedRun>& runs);

// The same with attempts, epochs, tests and files.
std::string RunText(const ShownRun& shown);
std::string ShownRunsJson(const std::vector<ShownRun>& runs);

}  // namespace dse
