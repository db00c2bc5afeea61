#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/run_output.h"
#include "core/sentence.h"
#include "core/suggest.h"
#include "db/run_changes.h"
#include "db/run_history.h"
#include "db/run_list.h"
#include "db/series.h"
#include "runner/work/kept_weights.h"
#include "runner/work/run_files.h"

namespace dse {
namespace {

struct RunsOptions {
  std::vector<std::string> words;  // as typed: the verb alone
  std::string verb;
  std::string db;
  RunFilter filter;
  std::vector<std::string> states;
  std::vector<std::string> seeds;  // as typed
  std::vector<std::string> ids;    // as typed
  std::string work_dir;            // "" = FILE.d
  bool with_weights = false;       // retry done runs whose weights are not there
  bool yes = false;                // forget every run of the file
  bool json = false;
};

const std::vector<std::string> kVerbs = {"list", "show", "retry", "cancel", "forget"};

RunState ParseState(const std::string& text) {
  std::vector<std::string> known;
  for (const Word<RunState>& word : kRunStateWords) {
    if (text == word.text) return word.value;
    known.emplace_back(word.text);
  }
  throw UsageError("--state '" + text + "' is none" + DidYouMean(text, known) + " (" +
                   JoinWords(known) + ")");
}

int64_t ParseWhole(const char* option, const std::string& text) {
  try {
    if (text.find_first_not_of("0123456789") == std::string::npos) return std::stoll(text);
  } catch (const std::exception&) {  // empty, or too large
  }
  throw UsageError(std::string(option) + " takes whole numbers, not '" + text + "'");
}

void CheckVerb(const RunsOptions& options) {
  const std::vector<std::string>& words = options.words;
  if (words.empty()) throw UsageError("say which: runs " + JoinWords(kVerbs));
  const std::string& verb = words.front();
  if (std::ranges::count(kVerbs, verb) == 0) {
    throw UsageError("'runs " + verb + "' is no command" + DidYouMean(verb, kVerbs) + " (" +
                     JoinWords(kVerbs) + ")");
  }
  if (words.size() > 1) {
    throw UsageError("'runs " + verb + "' takes no word such as '" + words[1] +
                     "'; --run chooses runs by their numbers");
  }
  if (options.json && verb != "list" && verb != "show") {
    throw UsageError("--json is for 'runs list' and 'runs show'");
  }
  if (options.with_weights && verb != "retry")
    throw UsageError("--with-weights is for 'runs retry'");
  if (options.yes && verb != "forget") throw UsageError("--yes is for 'runs forget'");
  if (verb == "show" && options.filter.empty()) {
    throw UsageError("'runs show' needs --run or another filter ('runs list' shows all runs)");
  }
  if (verb == "forget" && options.filter.empty() && !options.yes) {
    throw UsageError(
        "'runs forget' deletes results; choose which with a filter, or say --yes for all of the "
        "file");
  }
}

bool ReadOptions(std::span<const std::string> args, RunsOptions& options) {
  OptionParser parser(
      "runs list|show|retry|cancel|forget --db FILE [filters]",
      "Lists runs; shows all that became of them; makes runs pending again that failed, ran out "
      "of memory, diverged or\nwere cancelled (done ones with --state done, --run or "
      "--with-weights), for 'dse train' to train; cancels waiting\nand running ones, which brings "
      "back the result a run had before a retry; deletes runs with their files.");
  SeriesFilter& series = options.filter.series;
  parser.Positional("WORD", &options.words, "list, show, retry, cancel or forget");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.List("run", "ID", &options.ids, "only these runs");
  parser.List("population", "NAME", &series.populations, "only runs of these populations");
  parser.List("recipe", "R", &series.recipes, "only these recipes, by name or hash");
  parser.List("data", "D", &series.datasets, "only these datasets, by URI or fingerprint");
  parser.List("model", "MODEL", &options.filter.models, "only these networks, by hash or name");
  parser.List("state", "STATE", &options.states,
              "only runs that are pending, running, done, diverged, out_of_memory, failed or "
              "cancelled");
  parser.List("seed", "S", &options.seeds, "only these seeds");
  parser.Flag("json", &options.json, "list, show: as one JSON document");
  parser.Flag("with-weights", &options.with_weights,
              "retry: the done runs whose weights were not kept, for 'dse train --keep-weights'");
  parser.Flag("yes", &options.yes, "forget: every run, where there is no filter");
  parser.Text("work-dir", "DIR", &options.work_dir,
              "where checkpoints and weights lie (default FILE.d)");
  parser.Require("db");
  if (!parser.Parse(args)) return false;
  for (const std::string& state : options.states) {
    options.filter.states.push_back(ParseState(state));
  }
  for (const std::string& seed : options.seeds) {
    options.filter.seeds.push_back(ParseWhole("--seed", seed));
  }
  for (const std::string& id : options.ids) options.filter.ids.push_back(ParseWhole("--run", id));
  CheckVerb(options);
  options.verb = options.words.front();
  return true;
}

// "2 failed, 1 cancelled": those that are there.
std::string States(const StateCounts& counts) {
  std::string text;
  for (const Word<RunState>& state : kRunStateWords) {
    if (counts[state.value] == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(counts[state.value]) + " " + state.text;
  }
  return text;
}

void List(const RunsOptions& options) {
  Database db = Database::Open(options.db, OpenMode::kReadOnly);
  const std::vector<ListedRun> runs = ListRuns(db, options.filter);
  std::cout << (options.json ? RunsJson(runs) : RunsText(runs));
}

void Show(const RunsOptions& options) {
  Database db = Database::Open(options.db, OpenMode::kReadOnly);
  std::map<std::string, RunFiles> files = FindRunFiles(WorkFolder(options.db, options.work_dir));
  std::vector<ShownRun> shown;
  for (ListedRun& run : ListRuns(db, options.filter)) {
    const int64_t id = run.id;
    const std::string key = run.key;
    shown.push_back({std::move(run), LoadRunHistory(db, id), std::move(files[key])});
  }
  if (options.json) {
    std::cout << ShownRunsJson(shown);
    return;
  }
  for (const ShownRun& run : shown) std::cout << RunText(run);
}

// Those among the runs asked for.
RunFilter WithoutWeights(Database& db, const RunsOptions& options) {
  RunFilter without;
  without.states = {RunState::kDone};
  without.ids = DoneWithoutWeights(db, options.filter, WorkFolder(options.db, options.work_dir));
  return without;
}

void Retry(const RunsOptions& options) {
  Database db = Database::Open(options.db, OpenMode::kReadWrite);
  const RunFilter filter = options.with_weights ? WithoutWeights(db, options) : options.filter;
  RetrySummary summary;
  if (!options.with_weights || !filter.ids.empty()) summary = RetryRuns(db, filter);
  const int64_t retried = summary.retried.total();
  std::cout << CountOf(retried, "run") << " to be trained again";
  if (retried > 0) {
    std::cout << " (" << States(summary.retried) << "), by 'dse train"
              << (options.with_weights ? " --keep-weights'" : "'");
  }
  if (summary.left.total() > 0) std::cout << "; left as they are: " << States(summary.left);
  if (summary.imported > 0) {
    std::cout << "; " << summary.imported << " were imported and cannot be trained here";
  }
  if (!options.with_weights && summary.left[RunState::kDone] > summary.imported) {
    std::cout << "; --state done or --run takes done ones";
  }
  std::cout << '\n';
}

void Cancel(const RunsOptions& options) {
  Database db = Database::Open(options.db, OpenMode::kReadWrite);
  const CancelSummary summary = CancelRuns(db, options.filter);
  std::cout << CountOf(summary.pending + summary.running, "run") << " cancelled ("
            << summary.pending << " pending, " << summary.running << " running)";
  if (summary.restored > 0) {
    std::cout << "; " << summary.restored << " with the result of before";
  }
  if (summary.failed > 0) {
    std::cout << "; " << CountOf(summary.failed, "failed run") << " with the result of before";
  }
  std::cout << '\n';
}

void Forget(const RunsOptions& options) {
  ForgetSummary summary;
  {
    Database db = Database::Open(options.db, OpenMode::kReadWrite);
    summary = ForgetRuns(db, options.filter);
  }
  const int64_t removed = RemoveRunFiles(WorkFolder(options.db, options.work_dir), summary.keys);
  std::string text = CountOf(summary.forgotten.total(), "run") + " forgotten";
  if (!summary.keys.empty()) {
    text += " (" + States(summary.forgotten) + ") of " + JoinWords(summary.populations) +
            ", with " + CountOf(removed, "file");
  }
  PrintLine(text);
}

}  // namespace

int RunRuns(std::span<const std::string> args) {
  RunsOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  if (options.verb == "list") List(options);
  if (options.verb == "show") Show(options);
  if (options.verb == "retry") Retry(options);
  if (options.verb == "cancel") Cancel(options);
  if (options.verb == "forget") Forget(options);
  return kExitOk;
}

}  // namespace dse
