#include <sys/stat.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "core/json.h"
#include "core/printable.h"
#include "core/version.h"
#include "runner/torch_module.h"

namespace dse {
namespace {

int Main(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (!IsUtf8(word)) throw UsageError("the command line is not UTF-8 text");
  }
  const std::string first = words.empty() ? "--help" : words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    PrintOverview();
    return words.empty() ? kExitUsage : kExitOk;
  }
  if (first == "--version") {
    std::cout << "dse " << Version() << " (commit " << Commit() << "), " << DSE_TORCH_VERSION
              << "\n";
    return kExitOk;
  }
  return RunCommand(first, std::span(words).subspan(1));
}

}  // namespace
}  // namespace dse

int main(int argc, char** argv) {
  // Whatever the umask lets, what everybody may write could be changed by everybody.
  umask(umask(0) | S_IWOTH);
  dse::LetTorchUseHugePages();
  try {
    const int code = dse::Main({argv + 1, argv + argc});
    if (!std::cout.flush() || std::fflush(stdout) != 0) {
      throw dse::Error("standard output: writing the results failed");
    }
    return code;
  } catch (const dse::UsageError& error) {
    std::cerr << "dse: " << dse::Printable(error.what()) << " ('dse --help' tells more)\n";
    return dse::kExitUsage;
  } catch (const std::exception& error) {
    std::cerr << "dse: " << dse::Printable(error.what()) << "\n";
    return dse::kExitFailed;
  }
}
