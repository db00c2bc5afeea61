#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "tests/cli/program.h"

namespace dse {

// Names that try to become commands, SQL, HTML, options, columns, formats or what a terminal obeys.
// Those of commands would make the file "executed" in the folder.
std::vector<std::string> HostileNames(const TempFolder& folder);

// Such names that a file or folder can have: without a slash, and not too long. Their commands
// would make "executed" where they run.
std::vector<std::string> HostileFileNames();

// As a field of CSV, and as a literal of SQL.
std::string CsvField(const std::string& text);
std::string SqlText(const std::string& text);

// Checks that there are no control bytes but line ends, nothing that turns the direction of text,
// and that it is UTF-8.
void CheckPrintable(const std::string& text);

// Runs the program, checks its exit code and that what it says can be shown, and answers what it
// printed.
std::string Text(const Words& words, int code = 0);

// The same of a command that prints a JSON document.
Json Document(const Words& words);

}  // namespace dse
