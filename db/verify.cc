#include "db/verify.h"

#include <algorithm>

#include "db/sqlite/connection.h"
#include "db/verify/checks.h"

namespace dse {
namespace {

constexpr int kPageRows = 500;

std::string OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// False where SQLite cannot read all of the file.
bool CheckIntegrity(sqlite::Connection& connection, const FindingHook& found) {
  bool sound = true;
  sqlite::Statement row(connection, "PRAGMA integrity_check");
  while (row.Step()) {
    if (row.Text(0) == "ok") continue;
    sound = false;
    found({"", "SQLite finds damage: " + OneLine(row.Text(0)),
           "restore the file from a copy, or save what can be read with sqlite3's .recover"});
  }
  return sound;
}

void CheckForeignKeys(sqlite::Connection& connection, const FindingHook& found) {
  sqlite::Statement row(connection, "PRAGMA foreign_key_check");
  while (row.Step()) {
    const std::string which = row.IsNull(1) ? "a row" : "row " + std::to_string(row.Int(1));
    found({"table " + row.Text(0),
           which + " belongs to a row of " + row.Text(2) + " that is not there", kRestoreCopy});
  }
}

}  // namespace

std::string Finding::Line(const std::string& file) const {
  return OneLine(file + ": " + (where.empty() ? "" : where + ": ") + what + "; " + remedy);
}

void ForPages(sqlite::Connection& connection, const std::string& table,
              const std::function<void(int64_t first, int64_t last)>& look) {
  sqlite::Statement page(connection, "SELECT min(id), max(id) FROM (SELECT id FROM " + table +
                                         " WHERE id > ? ORDER BY id LIMIT ?)");
  int64_t last = -1;
  while (page.Bind(last, kPageRows).Step() && !page.IsNull(0)) {
    const int64_t first = page.Int(0);
    last = page.Int(1);
    page.Step();  // ends its hold on the file
    look(first, last);
  }
}

VerifiedRows VerifyRows(Database& db, const FindingHook& found) {
  sqlite::Connection& connection = db.impl().connection;
  VerifiedRows rows;
  rows.sound = CheckIntegrity(connection, found);
  if (!rows.sound) return rows;
  CheckForeignKeys(connection, found);
  CheckSpaces(connection, found);
  CheckPopulations(connection, found);
  rows.models = CheckModels(connection, found);
  rows.members = CheckMembers(connection, found);
  rows.runs = CheckRuns(connection, found);
  CheckAttempts(connection, found);
  CheckSeries(connection, found);
  return rows;
}

void ReadRecipes(Database& db, const std::function<void(const StoredRecipe&)>& take) {
  sqlite::Statement row(db.impl().connection,
                        "SELECT hash, name, document FROM recipes WHERE document <> '{}'"
                        " ORDER BY name, id");
  while (row.Step()) take({row.Text(0), row.Text(1), row.Text(2)});
}

}  // namespace dse
