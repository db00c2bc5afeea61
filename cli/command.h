#pragma once

#include <span>
#include <string>

namespace dse {

enum ExitCode { kExitOk = 0, kExitFailed = 1, kExitUsage = 2, kExitInterrupted = 130 };

// A subcommand: its words after the name in, exit code out. Throws UsageError or Error; results go
// to stdout, progress and messages to stderr.
using CommandFunction = int (*)(std::span<const std::string> args);

// Runs the command of that name from the table, which is in the order of a study. Throws UsageError
// with the nearest name for one that is not in it.
int RunCommand(const std::string& name, std::span<const std::string> args);

// `dse --help`: the table.
void PrintOverview();

int RunSample(std::span<const std::string> args);
int RunAdd(std::span<const std::string> args);
int RunTrain(std::span<const std::string> args);
int RunMerge(std::span<const std::string> args);
int RunSubmit(std::span<const std::string> args);
int RunEval(std::span<const std::string> args);
int RunAnalyze(std::span<const std::string> args);
int RunStatus(std::span<const std::string> args);
int RunRuns(std::span<const std::string> args);
int RunInspect(std::span<const std::string> args);
int RunSpace(std::span<const std::string> args);
int RunBench(std::span<const std::string> args);
int RunPack(std::span<const std::string> args);
int RunImport(std::span<const std::string> args);
int RunExport(std::span<const std::string> args);

}  // namespace dse
