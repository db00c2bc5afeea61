#include "cli/command.h"

namespace dse {
namespace {

constexpr Command kCommands[] = {
    {"sample", "draw a population of networks from a space", RunSample},
    {"train", "train what is missing of a study", RunTrain},
    {"analyze", "compare spaces by the errors of their networks", RunAnalyze},
    {"status", "progress, workers and failures", RunStatus},
    {"inspect", "structure and complexity of networks", RunInspect},
    {"space", "list spaces and show their documents", RunSpace},
    {"import", "bring in results from a CSV file", RunImport},
};

}  // namespace

std::span<const Command> Commands() { return kCommands; }

}  // namespace dse
