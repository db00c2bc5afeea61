#pragma once

#include <string>
#include <vector>

namespace dse {

struct ProcessResult {
  int code = 0;  // exit code; 127 if it cannot be started, 128 + signal if one ended it
  std::string out;
  std::string err;
};

// Runs a program to its end with `input` on its standard input. The first word is the program.
ProcessResult RunProcess(const std::vector<std::string>& words, const std::string& input = "");

// A program left running, in a process group of its own.
class BackgroundProcess {
 public:
  explicit BackgroundProcess(const std::vector<std::string>& words);
  ~BackgroundProcess();  // kills the group if Wait was not called
  void SignalGroup(int signal);
  void Signal(int signal);
  int Wait();  // for the whole group; exit code as above

 private:
  int pid_ = -1;
};

}  // namespace dse
