#include "db/sqlite/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <thread>
#include <utility>

namespace dse::sqlite {
namespace {

std::atomic<double> clock_offset{0};

// Of a wait before it is asked whether it is to be given up.
constexpr double kDeafSeconds = 2;

// The file's absolute name as a URI, which alone can ask for an immutable look and for an attached
// file that is only read.
std::string FileUri(const std::string& path, const std::string& query) {
  std::string uri = "file://";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      const char* digits = "0123456789ABCDEF";
      uri += '%';
      uri += digits[(c >> 4) & 15];
      uri += digits[c & 15];
    } else {
      uri += c;
    }
  }
  return uri + "?" + query;
}

std::string SystemReason(sqlite3* handle) {
  const int number = handle ? sqlite3_system_errno(handle) : 0;
  return number ? std::string(" (") + std::strerror(number) + ")" : std::string();
}

std::string Sentence(sqlite3* handle, int code) {
  switch (code & 0xff) {
    case SQLITE_READONLY:
      if (code == SQLITE_READONLY_ROLLBACK) {
        return "a killed program left it in the middle of a change, which is undone where it can "
               "be written: call 'dse runs list --db' on it there, then this again";
      }
      return "cannot be written: the file or its directory is read-only, or it was opened for "
             "reading "
             "only";
    case SQLITE_FULL:
      return "the disk is full; free some space and run the command again, what was stored before "
             "is "
             "kept";
    case SQLITE_IOERR:
      if (handle && sqlite3_system_errno(handle) == EDQUOT) {
        return "your disk quota is used up; free some space and run the command again";
      }
      return "the disk could not be read or written" + SystemReason(handle);
    case SQLITE_CANTOPEN:
      return "the file, or the journal SQLite keeps beside it, cannot be opened" +
             SystemReason(handle) + "; check the rights of the file and of its directory";
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "access to the file is denied" + SystemReason(handle);
    case SQLITE_NOTADB:
      return "is not a database of dse";
    case SQLITE_CORRUPT:
      return std::string("the database is damaged (") + sqlite3_errmsg(handle) +
             "); restore it from a copy, or save what can be read with sqlite3's .recover";
    default:
      return std::string("SQLite reports: ") +
             (handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  }
}

// Whose fault a result code is: of the file and the machine it lies on, or of what was asked.
Fault FaultOf(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
    case SQLITE_NOMEM:
      return Fault::kMachine;
    default:
      return Fault::kTask;
  }
}

}  // namespace

namespace {

// SQLite would leave out the rights of the group to write, whatever the umask says. A file that is
// there is not opened, for closing it would end the locks that this process has on it. What hinders
// it is told when SQLite opens the file.
void MakeFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file >= 0) close(file);
}

}  // namespace

Connection::Connection(const std::string& path, Access access, LockWait wait)
    : path_(path), wait_(std::move(wait)) {
  // An absolute name is never one of SQLite's special ones (":memory:", "file:...").
  const std::string absolute = std::filesystem::absolute(path).string();
  const bool immutable = access == Access::kImmutable;
  const bool reads = immutable || access == Access::kReadOnly;
  // A connection is used by one thread at a time, so SQLite's own locks are not needed.
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
  flags |= reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::kCreate) flags |= SQLITE_OPEN_CREATE;
  const std::string name = immutable ? FileUri(absolute, "immutable=1") : absolute;
  if (access == Access::kCreate) MakeFile(absolute);
  const int code = sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr);
  try {
    if (code != SQLITE_OK) Fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_handler(handle_, OnBusy, this);
    Execute(
        "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
        "PRAGMA cache_size = -65536");  // 64 MiB
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Connection::~Connection() { sqlite3_close(handle_); }

int Connection::OnBusy(void* connection, int tries) {
  return static_cast<Connection*>(connection)->KeepWaiting(tries) ? 1 : 0;
}

bool Connection::KeepWaiting(int tries) {
  const Clock::time_point now = Clock::now();
  if (tries == 0) {
    wait_start_ = now;
    noticed_ = false;
    interrupted_ = false;
  }
  const double waited = SecondsBetween(wait_start_, now);
  if (waited >= wait_.seconds) return false;
  interrupted_ = waited >= kDeafSeconds && wait_.interrupted && wait_.interrupted();
  if (interrupted_) return false;
  if (waited >= wait_.notice_seconds && !noticed_) {
    noticed_ = true;
    if (wait_.notice) wait_.notice(LockNotice(path_, wait_.seconds));
  }
  // Locks are mostly held for milliseconds: often at first, then ten times a second.
  const double pause = std::min(0.001 * (1 + tries), 0.1);
  std::this_thread::sleep_for(
      std::chrono::duration<double>(std::min(pause, wait_.seconds - waited)));
  waited_seconds_ += SecondsSince(now);
  return true;
}

bool Connection::FileIsReadOnly() const { return sqlite3_db_readonly(handle_, "main") == 1; }

void Connection::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) Fail(code);
}

int64_t Connection::QueryInt(const std::string& sql) {
  Statement query(*this, sql);
  return query.Step() ? query.Int(0) : 0;
}

std::string Connection::QueryText(const std::string& sql) {
  Statement query(*this, sql);
  return query.Step() ? query.Text(0) : std::string();
}

void Connection::AttachReadOnly(const std::string& path, const std::string& schema) {
  const std::string uri = FileUri(std::filesystem::absolute(path).string(), "mode=ro");
  Statement(*this, "ATTACH ? AS " + schema, uri).Run();
}

void Connection::Detach(const std::string& schema) { Execute("DETACH " + schema); }

int64_t Connection::LastInsertId() const { return sqlite3_last_insert_rowid(handle_); }

void Connection::Fail(int code) const {
  const int kind = code & 0xff;
  const bool locked = kind == SQLITE_BUSY || kind == SQLITE_LOCKED;
  throw Error(
      path_ + ": " + (locked ? LockSentence(wait_.seconds, interrupted_) : Sentence(handle_, code)),
      FaultOf(code));
}

Statement::Statement(Connection& connection, std::string_view sql) : connection_(connection) {
  Check(sqlite3_prepare_v2(connection.handle(), sql.data(), static_cast<int>(sql.size()), &handle_,
                           nullptr));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::Check(int code) const {
  if (code != SQLITE_OK) connection_.Fail(code);
}

bool Statement::Step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) connection_.Fail(code);
  sqlite3_reset(handle_);  // ends its hold on the file
  return false;
}

int64_t Statement::Run() {
  while (Step()) {
  }
  return sqlite3_changes64(connection_.handle());
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::Real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return text ? std::string(text, static_cast<size_t>(sqlite3_column_bytes(handle_, column)))
              : std::string();
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::optional<int64_t> Statement::OptionalInt(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::optional<double> Statement::OptionalReal(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Real(column);
}

std::optional<std::string> Statement::OptionalText(int column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

void Statement::Reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
}

void Statement::BindNull(int index) { Check(sqlite3_bind_null(handle_, index)); }

void Statement::BindInt(int index, int64_t value) {
  Check(sqlite3_bind_int64(handle_, index, value));
}

void Statement::BindReal(int index, double value) {
  // SQLite would make NULL of NaN without a word.
  if (!std::isfinite(value)) {
    throw Error(connection_.path() + ": a value that is not a finite number cannot be stored");
  }
  Check(sqlite3_bind_double(handle_, index, value));
}

void Statement::BindText(int index, std::string_view value) {
  // A view without data would bind NULL.
  const char* data = value.data() ? value.data() : "";
  Check(sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Transaction::Transaction(Connection& connection, Kind kind) : connection_(connection) {
  connection_.Execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  // SQLite ends a transaction itself after some failures, such as a full disk.
  if (open_ && !sqlite3_get_autocommit(connection_.handle())) {
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

void Transaction::Commit() {
  connection_.Execute("COMMIT");
  open_ = false;
}

int64_t StoredSeed(uint64_t seed) {
  if (seed > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    throw Error("seed " + std::to_string(seed) +
                " is too large for the results file: use one of at most 9223372036854775807");
  }
  return static_cast<int64_t>(seed);
}

double Now() { return SecondsSince1970() + clock_offset; }

void SetClockOffset(double seconds) { clock_offset = seconds; }

}  // namespace dse::sqlite
