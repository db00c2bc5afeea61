#include "db/sqlite/schema.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::schema_test {
namespace {

namespace fs = std::filesystem;

using Catch::Matchers::Contains;
using sqlite::Access;
using sqlite::Connection;

std::string OpenMessage(const std::string& path, OpenMode mode) {
  return MessageOf([&] { Database::Open(path, mode); });
}

struct Table {
  std::string name;
  std::vector<std::string> columns;
};

std::vector<Table> Tables(Connection& connection) {
  std::vector<Table> tables;
  sqlite::Statement row(connection,
                        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
                        " WHERE m.type = 'table' ORDER BY m.name, c.cid");
  while (row.Step()) {
    if (tables.empty() || tables.back().name != row.Text(0)) tables.push_back({row.Text(0), {}});
    tables.back().columns.push_back(row.Text(1));
  }
  return tables;
}

// Every row with these columns, as lines of JSON.
std::string Rows(Connection& connection, const Table& table) {
  std::string columns;
  for (const std::string& column : table.columns) columns += (columns.empty() ? "" : ", ") + column;
  return connection.QueryText("SELECT group_concat(line, char(10)) FROM (SELECT json_array(" +
                              columns + ") AS line FROM " + table.name + " ORDER BY line)");
}

TEST_CASE("files of older schemas keep every row, and tell engines by name") {
  const int version = GENERATE(1, 2, 3, 4);
  const TempFolder folder;
  const std::string path = folder / "old.db";
  fs::copy_file(DSE_TEST_DATA "/results-v" + std::to_string(version) + ".db", path);
  std::vector<Table> tables;
  std::vector<std::string> rows;
  {
    Connection old(path, Access::kReadWrite);
    CHECK(old.QueryInt("PRAGMA user_version") == version);
    tables = Tables(old);
    for (const Table& table : tables) rows.push_back(Rows(old, table));
  }
  Database db = Database::Open(path, OpenMode::kReadOnly);
  Connection& connection = db.impl().connection;
  for (size_t i = 0; i < tables.size(); ++i) {
    for (std::string& column : tables[i].columns) {
      if (column == "torch_version" || column == "library") column = "engine";
    }
    // The bare number of a version was LibTorch's.
    for (size_t at = 0; (at = rows[i].find("\"2.10.0\"", at)) != std::string::npos;) {
      rows[i].insert(at + 1, "LibTorch ");
    }
    INFO(tables[i].name);
    CHECK(Rows(connection, tables[i]) == rows[i]);
  }
  CHECK(connection.QueryText("SELECT group_concat(engine, ', ') FROM (SELECT DISTINCT engine FROM"
                             " runs WHERE engine IS NOT NULL ORDER BY engine)") ==
        (version >= 3 ? "LibTorch 2.10.0, LibTorch 2.11.0" : "LibTorch 2.11.0"));
  CHECK(connection.QueryInt("SELECT count(*) FROM pragma_foreign_key_check") == 0);
}

TEST_CASE("an older file is left alone while somebody trains into it") {
  const TempFolder folder;
  const std::string path = folder / "old.db";
  fs::copy_file(DSE_TEST_DATA "/results-v3.db", path);
  const auto hold_until = [&](const char* time) {
    Connection old(path, Access::kReadWrite);
    old.Execute(std::string("UPDATE runs SET state = 'running', owner = 'host/1/2/3/4/5',"
                            " error = NULL, best_error = NULL, lease_expires = ") +
                time + " WHERE id = (SELECT id FROM runs WHERE state = 'pending' LIMIT 1)");
    CHECK(old.QueryInt("SELECT count(*) FROM runs WHERE state = 'running'") == 1);
  };
  hold_until("strftime('%s', 'now') + 3600");
  CHECK_THAT(OpenMessage(path, OpenMode::kReadOnly),
             Contains("an older dse trains into this file"));
  CHECK(Connection(path, Access::kReadWrite).QueryInt("PRAGMA user_version") == 3);
  Connection(path, Access::kReadWrite)
      .Execute("UPDATE runs SET lease_expires = strftime('%s', 'now') - 1 WHERE state = 'running'");
  CHECK(OpenMessage(path, OpenMode::kReadOnly).empty());
}

TEST_CASE("a file of schema 1 is brought up to date with all its rows") {
  const TempFolder folder;
  const std::string path = folder / "old.db";
  std::filesystem::copy_file(DSE_TEST_DATA "/results-v1.db", path);
  CHECK(OpenMessage(path, OpenMode::kReadOnly).empty());  // to look at it is enough
  Database db = Database::Open(path, OpenMode::kReadWrite);
  Connection& connection = db.impl().connection;
  CHECK(connection.QueryInt("PRAGMA user_version") == kSchemaVersion);
  CHECK(connection.QueryText("PRAGMA integrity_check") == "ok");
  CHECK(connection.QueryInt("SELECT count(*) FROM pragma_foreign_key_check") == 0);
  CHECK(connection.QueryInt("SELECT count(*) FROM results WHERE state = 'done'") == 2);
  CHECK(connection.QueryText("SELECT tested_on || ' ' || tested_error || ' ' || images || ' ' ||"
                             " (tested_loss IS NULL) FROM evaluated") == "folder:other 61.5 50 1");
  CHECK(connection.QueryText("SELECT mode || ' ' || milliseconds || ' ' || lowest || ' ' || highest"
                             " || ' ' || samples || ' ' || img_per_s FROM speeds") ==
        "inference 12.5 12.5 12.5 1 5120.0");
  const TempFolder fresh;
  Database empty = Database::Open(fresh / "new.db", OpenMode::kCreate);
  const char* shape =
      "SELECT group_concat(name || sql, char(10)) FROM (SELECT name, sql FROM"
      " sqlite_master WHERE sql IS NOT NULL ORDER BY name)";
  CHECK(connection.QueryText(shape) == empty.impl().connection.QueryText(shape));
}

}  // namespace
}  // namespace dse::schema_test
