#include "runner/work/kept_weights.h"

#include <map>

#include "core/shell_word.h"
#include "runner/work/run_files.h"

namespace dse {

std::vector<int64_t> DoneWithoutWeights(Database& db, RunFilter filter, const std::string& folder) {
  if (filter.states.empty()) filter.states = {RunState::kDone};
  const std::map<std::string, RunFiles> files = FindRunFiles(folder);
  std::vector<int64_t> ids;
  for (const ListedRun& run : ListRuns(db, filter)) {
    if (run.state != RunState::kDone) continue;
    const auto at = files.find(run.key);
    if (at == files.end() || !at->second.has_weights) ids.push_back(run.id);
  }
  return ids;
}

std::string RetryWithWeightsCommand(const std::string& db_path, const std::string& work_dir,
                                    const SeriesFilter& series) {
  std::string command = "dse runs retry --with-weights";
  const auto add = [&](const char* option, const std::string& value) {
    command += " " + ShellOption(option, value);
  };
  add("--db", db_path);
  if (!work_dir.empty()) add("--work-dir", work_dir);
  for (const std::string& name : series.populations) add("--population", name);
  for (const std::string& name : series.recipes) add("--recipe", name);
  for (const std::string& name : series.datasets) add("--data", name);
  return command;
}

}  // namespace dse
