#include "db/database.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <limits>

#include "core/json.h"
#include "db/claims.h"
#include "db/owner.h"
#include "db/populations.h"
#include "db/series.h"
#include "db/sqlite/connection.h"
#include "db/status.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::database_test {
namespace {

namespace fs = std::filesystem;

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using sqlite::Access;
using sqlite::Connection;

std::string OpenMessage(const std::string& path, OpenMode mode) {
  return MessageOf([&] { Database::Open(path, mode); });
}

TEST_CASE("a new file carries our mark and schema, its settings are on, and it opens again") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  Database::Open(path, OpenMode::kCreate);
  Database db = Database::Open(path, OpenMode::kReadWrite);
  Connection& connection = db.impl().connection;
  CHECK(db.path() == path);
  CHECK_FALSE(db.read_only());
  CHECK(connection.QueryInt("PRAGMA application_id") == 0x64736531);
  CHECK(connection.QueryInt("PRAGMA user_version") == kSchemaVersion);
  CHECK(connection.QueryText("PRAGMA journal_mode") == "delete");
  CHECK(connection.QueryInt("PRAGMA foreign_keys") == 1);
  CHECK(connection.QueryInt("PRAGMA synchronous") == 2);  // FULL
  CHECK(connection.QueryInt("SELECT count(*) FROM sqlite_master WHERE type = 'table'"
                            " AND sql NOT LIKE '%STRICT%' AND name <> 'sqlite_sequence'") == 0);
}

TEST_CASE("a missing file is named with its nearest neighbour, and only kCreate makes it") {
  const TempFolder folder;
  Database::Open(folder / "study.db", OpenMode::kCreate);
  const std::string wrong = folder / "stuyd.db";
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    CHECK(OpenMessage(wrong, mode) == wrong + ": no such file, did you mean 'study.db'?");
  }
  CHECK_FALSE(std::filesystem::exists(wrong));
}

TEST_CASE("what is no results file is refused with a sentence") {
  const TempFolder folder;
  const std::string text = folder.Write("notes.txt", std::string(5000, 'x'));
  CHECK(OpenMessage(text, OpenMode::kCreate) == text + ": is not a database of dse");
  const std::string empty = folder.Write("empty.db", "");
  CHECK_THAT(OpenMessage(empty, OpenMode::kReadWrite), Contains("is empty"));
  CHECK(OpenMessage(empty, OpenMode::kCreate) == "");
  CHECK_THAT(OpenMessage(folder.path(), OpenMode::kCreate), Contains("is a directory"));
  CHECK_THAT(OpenMessage("/dev/null", OpenMode::kCreate), Contains("not a regular file"));
  CHECK_THAT(OpenMessage(folder / "no/such/folder.db", OpenMode::kCreate),
             Contains("cannot be opened"));
  CHECK_THAT(OpenMessage("", OpenMode::kCreate), Contains("empty"));
}

TEST_CASE("another program's database is refused and stays the same bytes") {
  const TempFolder folder;
  const std::string path = folder / "other.db";
  const std::string mode = GENERATE("DELETE", "WAL");
  const int application = GENERATE(0, 77);
  Connection(path, Access::kCreate)
      .Execute("PRAGMA journal_mode = " + mode +
               "; PRAGMA application_id = " + std::to_string(application) + "; CREATE TABLE t(x)");
  const std::string before = ReadFile(path);
  for (const OpenMode open : {OpenMode::kReadOnly, OpenMode::kReadWrite, OpenMode::kCreate}) {
    CHECK_THAT(OpenMessage(path, open), Contains("another program"));
  }
  CHECK(ReadFile(path) == before);
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  CHECK_FALSE(std::filesystem::exists(path + "-shm"));
}

TEST_CASE("a file with a newer schema is refused with both versions") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  Database::Open(path, OpenMode::kCreate);
  Connection(path, Access::kReadWrite).Execute("PRAGMA user_version = 99");
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite, OpenMode::kCreate}) {
    CHECK_THAT(OpenMessage(path, mode),
               StartsWith(path + ": was written by a newer dse (schema 99"));
  }
}

TEST_CASE("a file in WAL mode is brought back to a rollback journal") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 3);
  Connection(path, Access::kReadWrite).Execute("PRAGMA journal_mode = WAL");
  CHECK(Database::Open(path, OpenMode::kReadOnly)
            .impl()
            .connection.QueryText("PRAGMA journal_mode") == "wal");
  Database db = Database::Open(path, OpenMode::kReadWrite);
  CHECK(db.impl().connection.QueryText("PRAGMA journal_mode") == "delete");
  CHECK(LoadStatus(db).models == 3);
}

TEST_CASE("a WAL file that another program keeps open is refused") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  Database::Open(path, OpenMode::kCreate);
  Connection other(path, Access::kReadWrite);
  other.Execute("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
  // The busy timeout does not apply: SQLite answers at once that the mode is still WAL, or locked.
  CHECK(OpenMessage(path, OpenMode::kReadWrite) != "");
}

TEST_CASE("a file opened for reading only cannot be written") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 2);
  Database db = Database::Open(path, OpenMode::kReadOnly);
  CHECK(db.read_only());
  CHECK(LoadSeries(db, {}).size() == 1);
  const std::string sentence = path + ": cannot be written: it was opened for reading only";
  CHECK(MessageOf([&] { StorePopulation(db, MakePopulation("q"), {}); }) == sentence);
  CHECK(MessageOf([&] { ClaimNext(db, Owner::ThisProcess(), Request(runs)); }) == sentence);
  CHECK_THAT(MessageOf([&] { db.impl().connection.Execute("DELETE FROM series_runs"); }),
             Contains("cannot be written"));
}

TEST_CASE("a file without write permission is read, and refused for writing") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 2);
  chmod(folder.path().c_str(), 0755);
  chmod(path.c_str(), 0444);
  CHECK(MessageWithoutRoot([&] { Database::Open(path, OpenMode::kReadWrite); }) ==
        path + ": cannot be written: the file is read-only");
  CHECK(MessageWithoutRoot([&] {
          Database db = Database::Open(path, OpenMode::kReadOnly);
          if (LoadStatus(db).models != 2) throw Error("not read");
        }) == "");
}

TEST_CASE("a directory without write permission gives a sentence about the journal") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 2);
  chmod(path.c_str(), 0666);
  chmod(folder.path().c_str(), 0555);
  CHECK_THAT(MessageWithoutRoot([&] {
               Database db = Database::Open(path, OpenMode::kReadWrite);
               ClaimNext(db, Owner::ThisProcess(), Request(runs));
             }),
             StartsWith(path + ": ") && Contains("directory"));
  CHECK_THAT(MessageWithoutRoot([&] { Database::Open(folder / "b.db", OpenMode::kCreate); }),
             Contains("cannot be opened"));
  chmod(folder.path().c_str(), 0755);
}

TEST_CASE("a lock held too long is said with the time waited") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 2);
  Connection other(path, Access::kReadWrite);
  other.Execute("BEGIN IMMEDIATE");
  Database db = Database::Open(path, OpenMode::kReadWrite, LockWait{0.02});
  CHECK_THAT(MessageOf([&] { ClaimNext(db, Owner::ThisProcess(), Request(runs)); }),
             StartsWith(path + ": another program has kept the file locked for 0.02 s;"));
  other.Execute("ROLLBACK");
  CHECK(ClaimNext(db, Owner::ThisProcess(), Request(runs)));
}

TEST_CASE("a full disk is said, and nothing half-done stays") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  Connection& connection = db.impl().connection;
  connection.Execute("PRAGMA max_page_count = " +
                     std::to_string(connection.QueryInt("PRAGMA page_count") + 2));
  CHECK_THAT(MessageOf([&] { StorePopulation(db, MakePopulation("p"), MakeDraws(200)); }),
             Contains("the disk is full"));
  CHECK(ListPopulations(db).empty());
  connection.Execute("PRAGMA max_page_count = 1000000");
  CHECK(StorePopulation(db, MakePopulation("p"), MakeDraws(200)).inserted == 200);
}

TEST_CASE("many processes may make one file at once") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  std::vector<int> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(StartChild([&] {
      Database db = Database::Open(path, OpenMode::kCreate);
      StorePopulation(db, MakePopulation("p"), MakeDraws(5));
    }));
  }
  for (const int child : children) CHECK(WaitForChild(child) == 0);
  Database db = Database::Open(path, OpenMode::kReadOnly);
  REQUIRE(ListPopulations(db).size() == 1);
  CHECK(ListPopulations(db)[0].members == 5);
}

TEST_CASE("a process killed inside a transaction leaves a valid file without its changes") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 3);
  REQUIRE(KillInTransaction(path));

  Database db = Database::Open(path, OpenMode::kReadOnly);
  Connection& connection = db.impl().connection;
  CHECK(connection.QueryText("PRAGMA integrity_check") == "ok");
  CHECK(connection.QueryInt("SELECT count(*) FROM properties") == 0);
  CHECK(connection.QueryInt("SELECT count(*) FROM runs WHERE message IS NULL") == 3);
}

TEST_CASE("values that are not finite never reach the file") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  StorePopulation(db, MakePopulation("p"), MakeDraws(1));
  Connection& connection = db.impl().connection;
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string insert = "INSERT INTO properties VALUES (1, 'x', ?)";
  for (const double value : {infinity, -infinity, nan}) {
    CHECK_THAT(MessageOf([&] { sqlite::Statement(connection, insert, value).Run(); }),
               Contains("not a finite number"));
  }
  // Written by hand.
  CHECK_THROWS_AS(connection.Execute("INSERT INTO properties VALUES (1, 'x', 9e999)"), Error);
  CHECK_THROWS_AS(connection.Execute("INSERT INTO fits VALUES (1, 'g', 8, 8, 9e999, 0)"), Error);
  CHECK_NOTHROW(sqlite::Statement(connection, insert, 1e308).Run());
}

TEST_CASE("the file refuses states, ranges, types and links that make no sense") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 1);
  Connection connection(path, Access::kReadWrite);
  for (const char* sql :
       {"UPDATE runs SET state = 'finished'", "UPDATE runs SET error = 50",
        "UPDATE runs SET state = 'done'", "UPDATE runs SET state = 'done', error = 101",
        "UPDATE runs SET state = 'diverged', error = 100", "UPDATE runs SET state = 'running'",
        "UPDATE runs SET owner = 'me'", "UPDATE runs SET seed = -1",
        "UPDATE runs SET recipe_id = 99", "UPDATE runs SET model_id = NULL",
        "UPDATE models SET spec = '{'", "UPDATE models SET flops = 'many'",
        "UPDATE populations SET origin = 'found'", "UPDATE populations SET flops_low = NULL",
        "DELETE FROM models", "UPDATE stages SET bottleneck = 0"}) {
    INFO(sql);
    CHECK_THROWS_AS(connection.Execute(sql), Error);
  }
  CHECK_NOTHROW(connection.Execute("UPDATE runs SET state = 'done', error = 12.5"));
}

TEST_CASE("a file that must stay untouched is read without its rights to be written or a journal") {
  const TempFolder folder;
  const std::string path = folder / "a.db";
  MakeStudy(path, 2);
  const std::string before = ReadFile(path);
  fs::permissions(path, fs::perms::owner_read | fs::perms::others_read);
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec |
                                     fs::perms::others_read | fs::perms::others_exec);
  CHECK(MessageWithoutRoot([&] {
          Database db = Database::Open(path, OpenMode::kUntouched);
          if (ListPopulations(db).size() != 1) throw Error("no population");
        }) == "");
  fs::permissions(folder.path(), fs::perms::owner_all);
  fs::permissions(path, fs::perms::owner_all);
  CHECK(ReadFile(path) == before);
  fs::copy_file(DSE_TEST_DATA "/results-v4.db", folder / "old.db");
  const std::string old = ReadFile(folder / "old.db");
  CHECK_THAT(OpenMessage(folder / "old.db", OpenMode::kUntouched),
             Contains("written by an older dse (schema 4)"));
  CHECK(ReadFile(folder / "old.db") == old);
}

}  // namespace
}  // namespace dse::database_test
