#pragma once

#include <cstdint>
#include <string>

namespace dse {

// A message with '#' in place of every word that has a digit (keys, hashes, sizes, addresses):
// equal for failures of one cause.
std::string CommonSentence(const std::string& message);

// "1 model", "2 models".
std::string CountOf(int64_t count, const std::string& noun);

}  // namespace dse
