#pragma once

#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse {

using Words = std::vector<std::string>;

// Runs the program.
ProcessResult Dse(Words words);

// The first column of the first row of a query.
std::string Query(const std::string& path, const std::string& sql);

// A results file with a population of small networks for ten classes at 32 px.
std::string SmallStudy(const TempFolder& folder, const char* space, const char* count);

}  // namespace dse
