#pragma once

#include <string>

namespace dse {

// How a process ended, by the status of waitpid: "by signal 9, Killed" or "with exit code 3".
std::string HowItEnded(int status);

}  // namespace dse
