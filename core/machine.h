#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace dse {

// What this process may use of its machine. `root` is the folder with proc/ and sys/.

// Processors that may run it at once: those of its affinity (taskset, a scheduler's cpuset), and
// fewer where a quota of its control groups allows less, a part counting as a whole; at least 1.
int UsableCores(const std::string& root = "/");

// Bytes that it may still take: what the machine has available, or less where a limit of its
// control groups leaves less. Empty where neither can be found out.
std::optional<int64_t> UsableMemory(const std::string& root = "/");

}  // namespace dse
