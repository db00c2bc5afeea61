#include "runner/work/kept_weights.h"

#include <map>

#include "runner/work/run_files.h"

namespace dse {
namespace {

// As one word of a shell.
std::string Quoted(const std::string& word) {
  const bool plain =
      !word.empty() && word.find_first_of(" \t\n\"'\\$&|;<>()*?[]{}!`#~") == word.npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace

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
  std::string command = "dse runs retry --with-weights --db " + Quoted(db_path);
  const auto add = [&](const char* option, const std::string& value) {
    command += std::string(" ") + option + " " + Quoted(value);
  };
  if (!work_dir.empty()) add("--work-dir", work_dir);
  for (const std::string& name : series.populations) add("--population", name);
  for (const std::string& name : series.recipes) add("--recipe", name);
  for (const std::string& name : series.datasets) add("--data", name);
  return command;
}

}  // namespace dse
