#include "runner/work/process_end.h"

#include <fmt/core.h>
#include <sys/wait.h>

#include <cstring>

namespace dse {

std::string HowItEnded(int status) {
  return WIFSIGNALED(status)
             ? fmt::format("by signal {}, {}", WTERMSIG(status), strsignal(WTERMSIG(status)))
             : fmt::format("with exit code {}", WEXITSTATUS(status));
}

}  // namespace dse
