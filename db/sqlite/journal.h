#pragma once

#include <string>

namespace dse {

// Waits, some seconds at most, until no journal lies beside the file. Where locks cannot be relied
// upon only time tells a program that is changing the file, mostly for milliseconds, from one that
// was killed while it did.
void AwaitJournal(const std::string& path);

}  // namespace dse
