#include "db/verify.h"

#include <algorithm>
#include <vector>

#include "db/sqlite/connection.h"
#include "db/verify/checks.h"

namespace dse {
namespace {

constexpr int kRowsAtOnce = 500;

std::string OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// False where SQLite cannot read all of the table, or of the file's list of tables.
bool CheckIntegrity(sqlite::Connection& connection, const std::string& table, bool deep,
                    Findings& found) {
  bool sound = true;
  sqlite::Statement row(
      connection,
      std::string("PRAGMA ") + (deep ? "integrity_check('" : "quick_check('") + table + "')");
  while (row.Step()) {
    if (row.Text(0) == "ok") continue;
    sound = false;
    found({"", "SQLite finds damage: " + OneLine(row.Text(0)),
           "restore the file from a copy, or save what can be read with sqlite3's .recover"});
  }
  return sound;
}

void CheckForeignKeys(sqlite::Connection& connection, const std::string& table, Findings& found) {
  sqlite::Statement row(connection, "PRAGMA foreign_key_check('" + table + "')");
  while (row.Step()) {
    const std::string which = row.IsNull(1) ? "a row" : "row " + std::to_string(row.Int(1));
    found({"table " + row.Text(0),
           which + " belongs to a row of " + row.Text(2) + " that is not there", kRestoreCopy});
  }
}

// A table at a time, so that the file is not locked for as long as all of it takes. False where
// SQLite cannot read everything.
bool CheckTables(sqlite::Connection& connection, bool deep, Findings& found) {
  std::vector<std::string> tables;
  {
    sqlite::Statement row(connection,
                          "SELECT name FROM sqlite_master WHERE type = 'table'"
                          " AND name NOT LIKE '%''%' ORDER BY name");
    while (row.Step()) tables.push_back(row.Text(0));
  }
  bool sound = CheckIntegrity(connection, "sqlite_master", deep, found);
  for (const std::string& table : tables) {
    sound = CheckIntegrity(connection, table, deep, found) && sound;
    found.Tell();
  }
  if (!sound) return false;
  for (const std::string& table : tables) {
    CheckForeignKeys(connection, table, found);
    found.Tell();
  }
  return true;
}

}  // namespace

std::string Finding::Line(const std::string& file) const {
  return file + ": " + (where.empty() ? "" : where + ": ") + what + "; " + remedy;
}

void ForPages(sqlite::Connection& connection, const std::string& table, Findings& found,
              const std::function<void(int64_t first, int64_t last)>& look) {
  sqlite::Statement page(connection, "SELECT min(id), max(id) FROM (SELECT id FROM " + table +
                                         " WHERE id > ? ORDER BY id LIMIT ?)");
  int64_t last = -1;
  while (page.Bind(last, kRowsAtOnce).Step() && !page.IsNull(0)) {
    const int64_t first = page.Int(0);
    last = page.Int(1);
    page.Step();  // ends its hold on the file
    look(first, last);
    found.Tell();
  }
}

VerifiedRows VerifyRows(Database& db, const FindingHook& tell, bool deep) {
  sqlite::Connection& connection = db.impl().connection;
  Findings found(tell);
  VerifiedRows rows;
  rows.sound = CheckTables(connection, deep, found);
  if (!rows.sound) return rows;
  CheckSpaces(connection, found);
  found.Tell();
  CheckPopulations(connection, found);
  found.Tell();
  rows.models = CheckModels(connection, found);
  rows.members = CheckMembers(connection, found);
  rows.runs = CheckRuns(connection, found);
  CheckAttempts(connection, found);
  CheckSeries(connection, found);
  found.Tell();
  return rows;
}

void ReadRecipes(Database& db, const std::function<void(const StoredRecipe&)>& take) {
  std::vector<StoredRecipe> recipes;
  sqlite::Statement row(db.impl().connection,
                        "SELECT hash, name, document FROM recipes WHERE document <> '{}'"
                        " ORDER BY name, id");
  while (row.Step()) recipes.push_back({row.Text(0), row.Text(1), row.Text(2)});
  for (const StoredRecipe& recipe : recipes) take(recipe);  // the file is not locked meanwhile
}

}  // namespace dse
