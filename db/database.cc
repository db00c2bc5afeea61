#include "db/database.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/suggest.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/journal.h"
#include "db/sqlite/schema.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// "no such file", with the neighbour whose name is nearest.
[[noreturn]] void FailMissing(const std::string& path) {
  fs::path directory = fs::path(path).parent_path();
  if (directory.empty()) directory = ".";
  std::vector<std::string> names;
  std::error_code ignored;
  for (fs::directory_iterator it(directory, ignored), end; it != end; it.increment(ignored)) {
    if (it->is_regular_file(ignored)) names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  throw Error(path + ": no such file" + DidYouMean(fs::path(path).filename().string(), names));
}

// Refuses what is clearly not ours before SQLite could touch it: a normal connection would recover
// or checkpoint even another program's file.
void CheckUntouched(const std::string& path) {
  SchemaMark mark;
  try {
    sqlite::Connection look(path, sqlite::Access::kImmutable);
    mark = ReadSchemaMark(look);
  } catch (const Error&) {
    // Read without a lock, a live file may look damaged between two writes. The normal connection
    // waits for its lock and speaks about what is wrong then.
    return;
  }
  CheckSchema(mark, path);
}

void SwitchOffWal(sqlite::Connection& connection) {
  if (connection.QueryText("PRAGMA journal_mode") != "wal") return;
  if (connection.QueryText("PRAGMA journal_mode = DELETE") != "delete") {
    throw Error(connection.path() +
                ": is in WAL mode and in use by another program; close that program first");
  }
}

// A connection that can only read, to a file of this schema or an older one.
std::unique_ptr<Database::Impl> Observe(const std::string& path, const LockWait& wait) {
  auto impl = std::make_unique<Database::Impl>(path, sqlite::Access::kReadOnly, wait);
  impl->read_only = true;
  const SchemaMark mark = ReadSchemaMark(impl->connection);
  CheckSchema(mark, path);
  if (mark.version == 0) throw Error(path + ": is empty, not a results file");
  return impl;
}

void CheckCurrent(const SchemaMark& mark, const std::string& path) {
  CheckSchema(mark, path);
  if (mark.version == 0) throw Error(path + ": is empty, not a results file");
  if (mark.version < kSchemaVersion) {
    throw Error(path + ": was written by an older dse (schema " + std::to_string(mark.version) +
                "); call 'dse runs list --db' on it once where it can be written, which brings it "
                "up to date");
  }
}

}  // namespace

Database Database::Open(const std::string& path, OpenMode mode, const LockWait& wait) {
  if (path.empty()) throw Error("the name of the results file is empty");
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) throw Error(path + ": is a directory, not a results file");
  const bool exists = fs::exists(status);
  if (exists && !fs::is_regular_file(status)) throw Error(path + ": is not a regular file");
  if (!exists && mode != OpenMode::kCreate) FailMissing(path);
  if (mode == OpenMode::kObserve) return Database(Observe(path, wait));
  if (exists) CheckUntouched(path);
  if (mode == OpenMode::kUntouched) {
    AwaitJournal(path);
    auto impl = std::make_unique<Impl>(path, sqlite::Access::kReadOnly, wait);
    impl->read_only = true;
    CheckCurrent(ReadSchemaMark(impl->connection), path);
    return Database(std::move(impl));
  }

  // Reading opens the file for writing too where it may, so that the unfinished transaction of a
  // killed process is rolled back, and then forbids every write.
  const bool create = mode == OpenMode::kCreate;
  auto impl = std::make_unique<Impl>(
      path, create ? sqlite::Access::kCreate : sqlite::Access::kReadWrite, wait);
  sqlite::Connection& connection = impl->connection;
  impl->read_only = mode == OpenMode::kReadOnly;
  const SchemaMark mark = ReadSchemaMark(connection);
  CheckSchema(mark, path);
  if (mark.version == 0 && !create) throw Error(path + ": is empty, not a results file");
  const bool older = mark.version < kSchemaVersion;
  if (connection.FileIsReadOnly() && older && impl->read_only) {
    throw Error(path + ": was written by an older dse (schema " + std::to_string(mark.version) +
                ") and is read-only; make it writable once to bring it up to date");
  }
  if (connection.FileIsReadOnly() && !impl->read_only) {
    throw Error(path + ": cannot be written: the file is read-only");
  }
  if (older) MigrateSchema(connection);
  if (impl->read_only) {
    connection.Execute("PRAGMA query_only = ON");
  } else {
    SwitchOffWal(connection);
  }
  return Database(std::move(impl));
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

const std::string& Database::path() const { return impl_->connection.path(); }
bool Database::read_only() const { return impl_->read_only; }

}  // namespace dse
