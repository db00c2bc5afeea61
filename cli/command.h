#pragma once

#include <span>
#include <string>

namespace dse {

enum ExitCode { kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitInterrupted = 130 };

// A subcommand: its words after the name in, exit code out. Throws UsageError or Error; results go
// to stdout, progress and messages to stderr.
using CommandFunction = int (*)(std::span<const std::string> args);

struct Command {
  const char* name;
  const char* summary;
  CommandFunction run;
};

// The table, in the order of a study.
std::span<const Command> Commands();

int RunSample(std::span<const std::string> args);
int RunTrain(std::span<const std::string> args);
int RunAnalyze(std::span<const std::string> args);
int RunStatus(std::span<const std::string> args);
int RunInspect(std::span<const std::string> args);
int RunSpace(std::span<const std::string> args);
int RunImport(std::span<const std::string> args);

}  // namespace dse
