#pragma once

#include <stdexcept>
#include <string>

namespace dse {

// The one exception type of the project: bad input, a broken file, an unknown schema, a library
// that failed. The message is one sentence a user can act on: what is wrong, where (file and
// position), what to do. Libraries' own exceptions are turned into it inside the folder that hides
// the library. Expected outcomes (a draw outside the band, a diverged training) are values, never
// exceptions.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace dse
