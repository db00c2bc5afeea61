#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>

#include "db/merge_source.h"
#include "tests/db/run_study.h"

namespace dse::merge_journal_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A copy of a study as a process leaves it that is in the middle of a change.
std::string CutOff(const RunStudy& study) {
  sqlite::Connection writer(study.path, sqlite::Access::kReadWrite);
  // Pages are written before the change is complete.
  writer.Execute("PRAGMA cache_size = 2; PRAGMA cache_spill = 2");
  const sqlite::Transaction change(writer, sqlite::Transaction::Kind::kWrite);
  writer.Execute("UPDATE runs SET message = hex(zeroblob(20000))");
  const std::string path = study.folder / "cut.db";
  fs::copy_file(study.path, path);
  fs::copy_file(study.path + "-journal", path + "-journal");
  return path;
}

}  // namespace

TEST_CASE("an unfinished change on a network file system is undone when it is older than a lease") {
  const RunStudy study(20);
  const std::string path = CutOff(study), journal = path + "-journal";
  REQUIRE(fs::file_size(journal) > 0);
  MergeSource source(path, /*network=*/true);
  CHECK_THAT(source.BeingWritten(), Contains("is in use: the journal"));
  CHECK(fs::file_size(journal) > 0);
  fs::last_write_time(journal, fs::file_time_type::clock::now() - std::chrono::hours(1));
  CHECK(source.BeingWritten().empty());
  CHECK_FALSE(fs::exists(journal));
  CHECK_FALSE(source.InUse());
  Database db = Database::Open(source.readable(), OpenMode::kUntouched);
  CHECK(Column(db, "SELECT count(*) FROM runs WHERE message IS NULL") == "20");
}

}  // namespace dse::merge_journal_test
