#include "db/lock_wait.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "db/populations.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/file_lock.h"
#include "tests/support/temp_folder.h"

namespace dse::lock_wait_test {
namespace {

TEST_CASE("a wait for a locked file is told once, by the file's name and the option") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 1);
  const FileLock other(path);
  std::vector<std::string> told;
  LockWait wait;
  wait.seconds = 0.3;
  wait.notice_seconds = 0;
  wait.notice = [&](const std::string& text) { told.push_back(text); };
  CHECK_THROWS_WITH(Database::Open(path, OpenMode::kReadOnly, wait),
                    Catch::StartsWith(path + ": another program has kept the file locked") &&
                        Catch::Contains("--lock-wait"));
  REQUIRE(told.size() == 1);
  CHECK(told[0] == path + " is locked by another program; waiting up to 0.3 s (--lock-wait)");
  CHECK(LockNotice("f", 600) ==
        "f is locked by another program; waiting up to 10 min (--lock-wait)");
}

TEST_CASE("a locked file is the machine's fault, a wrong call is not") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 1);
  FileLock other(path);
  const auto fault = [](const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.fault();
    }
    return Fault::kWorker;
  };
  CHECK(fault([&] { Database::Open(path, OpenMode::kReadOnly, LockWait{0}); }) == Fault::kMachine);
  CHECK(fault([&] { other.Execute("SELECT nothing FROM nowhere"); }) == Fault::kTask);
}

TEST_CASE("whoever waits goes on when the other is done") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 1);
  auto other = std::make_unique<FileLock>(path);
  LockWait wait;
  wait.notice_seconds = 0.05;
  // The other ends its work when it is known that somebody waits.
  wait.notice = [&](const std::string&) { other.reset(); };
  Database db = Database::Open(path, OpenMode::kReadWrite, wait);
  CHECK(ListPopulations(db).size() == 1);
}

TEST_CASE("a wait is ended by an interruption") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 1);
  const FileLock other(path);
  LockWait wait;
  wait.interrupted = [] { return true; };
  CHECK_THROWS_WITH(Database::Open(path, OpenMode::kReadOnly, wait),
                    Catch::Contains("interrupted"));
}

}  // namespace
}  // namespace dse::lock_wait_test
