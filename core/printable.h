#pragma once

#include <string>
#include <string_view>

namespace dse {

// A line of text for people may hold names and messages of files that others made. What a terminal
// would obey instead of showing is escaped in it: control characters (C0, DEL, C1) and marks that
// turn the direction of writing as "\x1b", "\n" and "\u202e", bytes that are not UTF-8 as "\xff".
// So it stays one line. Documents for programs (JSON, CSV, pycls) are not text for people and keep
// every byte.
std::string Printable(std::string_view text);

}  // namespace dse
