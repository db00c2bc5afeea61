#pragma once

#include <stdexcept>
#include <string>

namespace dse {

// Whose fault a failure is, which decides what becomes of the run that a worker held.
enum class Fault {
  kTask,     // of what was asked for: this network, this file
  kWorker,   // of this process: its device, its module; another process may get on
  kMachine,  // of this machine: a full disk, data that are gone; every process here fails alike
};

// The one exception type of the project: bad input, a broken file, an unknown schema, a library
// that failed. The message is one sentence a user can act on: what is wrong, where (file and
// position), what to do. Libraries' own exceptions are turned into it inside the folder that hides
// the library. Expected outcomes (a draw outside the band, a diverged training) are values, never
// exceptions.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, Fault fault = Fault::kTask)
      : std::runtime_error(message), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace dse
