#include "tests/cli/program.h"

#include <sqlite3.h>

#include <catch2/catch.hpp>

namespace dse {

ProcessResult Dse(Words words) {
  words.insert(words.begin(), DSE_PROGRAM);
  return RunProcess(words);
}

std::string Query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_busy_timeout(db, 600'000);
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
  std::string value = text == nullptr ? "NULL" : text;
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

std::string SmallStudy(const TempFolder& folder, const char* space, const char* count) {
  std::string db = folder / "s.db";
  const ProcessResult result =
      Dse({"sample", "--space",   space, "-n",     count,   "--seed",   "1", "--resolution",
           "32",     "--classes", "10",  "--stem", "cifar", "--stages", "3", "--flops",
           "1M:4M",  "--db",      db,    "-q"});
  REQUIRE(result.code == 0);
  return db;
}

}  // namespace dse
