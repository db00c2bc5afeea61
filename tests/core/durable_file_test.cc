#include "core/durable_file.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/error.h"
#include "core/json.h"
#include "tests/support/temp_folder.h"

namespace dse::durable_file_test {
namespace {

namespace fs = std::filesystem;

int64_t CountFiles(const std::string& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a file takes its name when all of it is there, durable or not") {
  for (const Durable durable : {Durable::kYes, Durable::kNo}) {
    const TempFolder folder;
    const std::string path = folder.Write("file", "old");
    {
      PendingFile file(path, durable);
      file.Append("new ");
      file.Append("text");
      CHECK(file.size() == 8);
      file.Finish();
      CHECK(ReadFile(path) == "old");
      file.Publish();
    }
    CHECK(ReadFile(path) == "new text");
    CHECK(CountFiles(folder.path()) == 1);
  }
}

TEST_CASE("what was not published leaves no trace, and the old file as it was") {
  for (const Durable durable : {Durable::kYes, Durable::kNo}) {
    const TempFolder folder;
    const std::string path = folder.Write("file", "old");
    { PendingFile(path, durable).Append("half"); }
    CHECK(ReadFile(path) == "old");
    CHECK(CountFiles(folder.path()) == 1);
  }
}

TEST_CASE("a file that cannot be written is named, as the machine's fault") {
  const TempFolder folder;
  try {
    PendingFile(folder / "missing/file");
    FAIL("it was opened");
  } catch (const Error& error) {
    CHECK(error.fault() == Fault::kMachine);
    CHECK_THAT(error.what(), Catch::StartsWith((folder / "missing/file") + ": cannot be written"));
  }
  fs::create_directories(folder / "taken/full");
  PendingFile file(folder / "taken", Durable::kNo);
  file.Finish();
  CHECK_THROWS_WITH(file.Publish(), Catch::StartsWith((folder / "taken") + ": cannot be replaced"));
}

}  // namespace dse::durable_file_test
