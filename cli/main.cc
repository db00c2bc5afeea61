#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "core/suggest.h"
#include "core/version.h"

namespace dse {
namespace {

void PrintHelp() {
  std::cout
      << "Usage: dse COMMAND [options]\n\nDesigns network design spaces: draws populations of "
         "networks, trains them, compares spaces.\n\nCommands:\n";
  for (const Command& command : Commands()) {
    std::printf("  %-9s %s\n", command.name, command.summary);
  }
  std::cout
      << "\n'dse COMMAND --help' tells a command's options. Exit codes: 0 ok, 1 failed, 2 usage, "
         "130 interrupted.\n";
}

int Dispatch(const std::string& name, std::span<const std::string> args) {
  std::vector<std::string> names;
  for (const Command& command : Commands()) {
    if (name == command.name) return command.run(args);
    names.push_back(command.name);
  }
  throw UsageError("unknown command '" + name + "'" + DidYouMean(name, names));
}

int Main(const std::vector<std::string>& words) {
  const std::string first = words.empty() ? "--help" : words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    PrintHelp();
    return words.empty() ? kExitUsage : kExitOk;
  }
  if (first == "--version") {
    std::cout << "dse " << Version() << " (commit " << Commit() << "), " << DSE_TORCH_VERSION
              << "\n";
    return kExitOk;
  }
  return Dispatch(first, std::span(words).subspan(1));
}

}  // namespace
}  // namespace dse

int main(int argc, char** argv) {
  try {
    return dse::Main({argv + 1, argv + argc});
  } catch (const dse::UsageError& error) {
    std::cerr << "dse: " << error.what() << " ('dse --help' tells more)\n";
    return dse::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "dse: " << error.what() << "\n";
    return dse::kExitFailed;
  }
}
