#include "db/sqlite/journal.h"

#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

namespace dse {

void AwaitJournal(const std::string& path) {
  constexpr std::chrono::seconds kMost{10};
  constexpr std::chrono::milliseconds kPoll{20};
  const auto end = std::chrono::steady_clock::now() + kMost;
  std::error_code none;
  while (std::filesystem::file_size(path + "-journal", none) > 0 && !none &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace dse
