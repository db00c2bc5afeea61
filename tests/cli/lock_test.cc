#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/cli/program.h"
#include "tests/support/file_lock.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::lock_test {
namespace {

TEST_CASE("every command with --db waits for a locked file as long as it is told", "[cli]") {
  const TempFolder folder;
  const std::string db = SmallStudy(folder, "RegNetX", "2");
  const std::string rows = folder.Write("rows.csv", "population,error\nq,10\n");
  const std::string other_db = folder / "other.db";
  std::filesystem::copy_file(db, other_db);
  const FileLock other(db);
  const Words commands[] = {
      {"sample", "--space", "RegNetX", "-n", "1", "--population", "q"},
      {"add", "--population", "q", "resnet-50"},
      {"train", "--data", "synthetic"},
      {"submit"},
      {"eval", "--data", "synthetic"},
      {"analyze"},
      {"status"},
      {"runs", "list"},
      {"runs", "retry"},
      {"verify"},
      {"bench"},
      {"import", rows},
      {"merge", other_db},
      {"export", "--format", "csv"},
  };
  for (Words words : commands) {
    const std::string name = words.front();
    CAPTURE(name);
    words.insert(words.end(), {"--db", db, "--lock-wait", "0"});
    if (name == "submit") words.insert(words.end(), {"--", "--data", "synthetic"});
    const ProcessResult result = Dse(words);
    INFO(result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, Catch::Contains(db + ": another program has locked the file"));
  }
  const ProcessResult word = Dse({"status", "--db", db, "--lock-wait", "soon"});
  CHECK(word.code == 2);
  CHECK_THAT(word.err, Catch::Contains("--lock-wait"));
}

}  // namespace
}  // namespace dse::lock_test
