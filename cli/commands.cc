#include <cstdio>
#include <iostream>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "core/suggest.h"

namespace dse {
namespace {

// A row of the table.
struct Command {
  const char* name;
  const char* summary;
  CommandFunction run;
};

constexpr Command kCommands[] = {
    {"sample", "draw a population of networks from a space", RunSample},
    {"add", "put networks by name, or the best of a population, into a population", RunAdd},
    {"train", "train what is missing of a study", RunTrain},
    {"merge", "bring shards, or other results files, into one", RunMerge},
    {"submit", "train what is missing as an array of Slurm jobs", RunSubmit},
    {"eval", "test kept weights on a dataset", RunEval},
    {"analyze", "compare spaces by the errors of their networks", RunAnalyze},
    {"status", "progress, workers and failures", RunStatus},
    {"runs", "list runs, show what became of them, retry, cancel or forget them", RunRuns},
    {"inspect", "structure and complexity of networks", RunInspect},
    {"space", "list spaces and show their documents", RunSpace},
    {"bench", "inference time and training hours of networks", RunBench},
    {"pack", "pre-size a dataset's images into a few fast files", RunPack},
    {"import", "bring in results from CSV files or a sweep of pycls", RunImport},
    {"export", "write results as CSV or JSON Lines, or for pycls", RunExport},
};

}  // namespace

void PrintOverview() {
  std::cout
      << "Usage: dse COMMAND [options]\n\nDesigns network design spaces: draws populations of "
         "networks, trains them, compares spaces.\n\nCommands:\n";
  for (const Command& command : kCommands) {
    std::printf("  %-9s %s\n", command.name, command.summary);
  }
  std::cout
      << "\n'dse COMMAND --help' tells a command's options. Exit codes: 0 ok, 1 failed, 2 usage, "
         "130 interrupted.\n";
}

int RunCommand(const std::string& name, std::span<const std::string> args) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(args);
    names.push_back(command.name);
  }
  throw UsageError("unknown command '" + name + "'" + DidYouMean(name, names));
}

}  // namespace dse
