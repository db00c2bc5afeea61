#pragma once

#include <string>

namespace dse {

// For a test case that cannot test what it is for on this machine: writes the line
// "SKIPPED: case: reason" to standard output, which scripts/count_tests counts. The case then
// returns, or goes on with what it can test.
void Skipped(const std::string& reason);

// The folder that an environment variable names. Where it names none: Skipped, and "".
std::string FolderFrom(const char* variable);

}  // namespace dse
