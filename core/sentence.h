#pragma once

#include <string>

namespace dse {

// A message with '#' in place of every word that has a digit (keys, hashes, sizes, addresses):
// equal for failures of one cause.
std::string CommonSentence(const std::string& message);

}  // namespace dse
