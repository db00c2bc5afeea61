#pragma once

// The thin layer over SQLite that this folder's sources are written in; no other folder includes
// it.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/clock.h"
#include "core/error.h"
#include "db/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace dse::sqlite {

enum class Access {
  kReadWrite,  // the file must exist; one that cannot be written is opened for reading
  kCreate,     // made where it does not exist
  kImmutable,  // for a first look: takes no lock, makes no journal, changes nothing
  kReadOnly,   // takes locks, but changes nothing: no unfinished transaction is rolled back either
};

// One connection with its settings: foreign keys on, synchronous FULL. It stays where it is: SQLite
// calls it back while it waits for a lock. Every failure is thrown as Error "FILE: sentence".
class Connection {
 public:
  Connection(const std::string& path, Access access, LockWait wait = DefaultLockWait());
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  bool FileIsReadOnly() const;
  // From now on, for locks.
  void WaitAs(LockWait wait) { wait_ = std::move(wait); }
  double waited_seconds() const { return waited_seconds_; }  // for locks, so far

  // Runs one or more statements without parameters or results.
  void Execute(const std::string& sql);
  // The single value of a query ("PRAGMA user_version").
  int64_t QueryInt(const std::string& sql);
  std::string QueryText(const std::string& sql);

  int64_t LastInsertId() const;

  // Makes the tables of another file known under the name `schema`, as with Access::kReadOnly.
  // Outside a transaction.
  void AttachReadOnly(const std::string& path, const std::string& schema);
  void Detach(const std::string& schema);
  // Throws the sentence for a result code of SQLite.
  [[noreturn]] void Fail(int code) const;

 private:
  // Called by SQLite each time a lock is held by somebody else, `tries` from 0 in a wait; 0 ends
  // it.
  static int OnBusy(void* connection, int tries);
  bool KeepWaiting(int tries);

  std::string path_;
  LockWait wait_;
  sqlite3* handle_ = nullptr;
  Clock::time_point wait_start_;
  double waited_seconds_ = 0;
  bool noticed_ = false;      // in this wait
  bool interrupted_ = false;  // the last wait
};

// A prepared statement. Parameters are numbered from 1 in SQL, columns from 0.
class Statement {
 public:
  Statement(Connection& connection, std::string_view sql);
  template <typename... Args>
  Statement(Connection& connection, std::string_view sql, const Args&... args)
      : Statement(connection, sql) {
    Bind(args...);
  }
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Starts afresh with these parameters: integers, finite reals, text, nullptr, and optionals of
  // them.
  template <typename... Args>
  Statement& Bind(const Args&... args) {
    Reset();
    int index = 0;
    (BindOne(++index, args), ...);
    return *this;
  }
  // Goes to the next row; false after the last.
  bool Step();
  // Runs to the end; how many rows the statement changed.
  int64_t Run();

  int64_t Int(int column) const;
  double Real(int column) const;
  std::string Text(int column) const;
  bool IsNull(int column) const;
  std::optional<int64_t> OptionalInt(int column) const;
  std::optional<double> OptionalReal(int column) const;
  std::optional<std::string> OptionalText(int column) const;

 private:
  template <typename T>
  struct IsOptional : std::false_type {};
  template <typename T>
  struct IsOptional<std::optional<T>> : std::true_type {};

  template <typename T>
  void BindOne(int index, const T& value) {
    static_assert(!std::is_same_v<T, uint64_t>, "64-bit unsigned values go through StoredSeed");
    if constexpr (std::is_same_v<T, std::nullptr_t>) {
      BindNull(index);
    } else if constexpr (IsOptional<T>::value) {
      value ? BindOne(index, *value) : BindNull(index);
    } else if constexpr (std::is_integral_v<T>) {
      BindInt(index, int64_t{value});
    } else if constexpr (std::is_floating_point_v<T>) {
      BindReal(index, value);
    } else {
      BindText(index, value);
    }
  }
  void Reset();
  void BindNull(int index);
  void BindInt(int index, int64_t value);
  void BindReal(int index, double value);
  void BindText(int index, std::string_view value);
  void Check(int code) const;

  Connection& connection_;
  sqlite3_stmt* handle_ = nullptr;
};

// A transaction, rolled back unless committed. kWrite takes the write lock at once, so it never
// fails half-way for want of it; kRead gives several queries one state of the file.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  Transaction(Connection& connection, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void Commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

// Seeds are stored as they are. Throws Error for one that SQLite's signed integers cannot hold.
int64_t StoredSeed(uint64_t seed);

// Seconds since 1970, as every time in the file.
double Now();
// For tests of hosts whose clocks disagree, and of clocks that are set: added to the system's clock
// by this process and those forked from it later.
void SetClockOffset(double seconds);

}  // namespace dse::sqlite
