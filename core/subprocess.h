#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dse {

struct SubprocessOptions {
  double seconds = 30;  // after which it is killed with all that it started
  std::string input;    // on its standard input
  // Whether signals of the terminal, as Ctrl-C, pass it by.
  bool own_group = true;
  // Variables of its environment that differ from ours; without a value: that are not in it.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;
};

// What came of another program.
struct SubprocessResult {
  int code = 0;  // its exit code, 128 + signal if one ended it
  bool killed_late = false;
  std::string out, err;
};

// Runs a program to its end. The words are its arguments as they are, the first is its name, looked
// for on the PATH: no shell reads them. Empty where there is no such program that may be run.
// Throws Error where it cannot be run for another reason.
std::optional<SubprocessResult> RunSubprocess(std::span<const std::string> words,
                                              const SubprocessOptions& options = {});

}  // namespace dse
