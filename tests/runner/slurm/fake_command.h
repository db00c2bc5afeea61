#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <string>

#include "tests/support/temp_folder.h"

namespace dse {

// While it lives, programs are looked for in its folder first; a shell script under the name of a
// command of Slurm answers as a controller in some state would.
class FakeCommand {
 public:
  FakeCommand(const std::string& name, const std::string& script) : path_(getenv("PATH")) {
    Add(name, script);
    setenv("PATH", (folder_.path() + ":" + path_).c_str(), 1);
  }
  ~FakeCommand() { setenv("PATH", path_.c_str(), 1); }
  FakeCommand(const FakeCommand&) = delete;
  FakeCommand& operator=(const FakeCommand&) = delete;

  void Add(const std::string& name, const std::string& script) {
    chmod(folder_.Write(name, "#!/bin/sh\n" + script + "\n").c_str(), 0755);
  }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempFolder folder_;
  std::string path_;
};

}  // namespace dse
