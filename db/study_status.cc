#include "db/study_status.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "db/database.h"
#include "db/rows/status_rows.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/schema.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

constexpr double kShardWait = 1;  // seconds
constexpr const char* kSchema = "shard";

// A shard under its name in the main file's connection, for a scope.
class Attached {
 public:
  Attached(sqlite::Connection& connection, const std::string& path) : connection_(connection) {
    sqlite::Statement(connection_, "ATTACH ? AS shard", fs::absolute(path).string()).Run();
    try {
      CheckIsOurs(path);
    } catch (...) {
      Detach();
      throw;
    }
  }
  ~Attached() { Detach(); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  void CheckIsOurs(const std::string& path) {
    const SchemaMark mark{connection_.QueryInt("PRAGMA shard.application_id"),
                          connection_.QueryInt("PRAGMA shard.user_version"),
                          connection_.QueryInt("SELECT count(*) FROM shard.sqlite_master") == 0};
    CheckSchema(mark, path);
    if (mark.version == 0) throw Error(path + ": is empty so far");
  }

  void Detach() noexcept {
    try {
      connection_.Execute("DETACH shard");
    } catch (const Error&) {
      // It was attached, and no statement reads it any more.
    }
  }
  sqlite::Connection& connection_;
};

void ReadShard(sqlite::Connection& connection, const StatusFile& file, const std::string& path,
               DatabaseStatus& status) {
  const Attached attached(connection, path);
  DatabaseStatus part;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  AddElsewhere(connection, file.schema, file.shard);
  AddWorkers(connection, file, part);
  AddFailures(connection, file, part);
  snapshot.Commit();
  const auto append = [](auto& all, const auto& more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  append(status.workers, part.workers);
  append(status.failures, part.failures);
  append(status.causes, part.causes);
}

// The sentence without the name of a file: of the shard, or of the main one, whose connection reads
// the shard.
std::string Reason(const Error& error, const std::string& shard, const std::string& path) {
  const std::string text = error.what();
  for (const std::string& start : {shard + ": ", path + ": "}) {
    if (text.starts_with(start)) return text.substr(start.size());
  }
  return text;
}

}  // namespace

std::vector<std::string> ShardPaths(const std::string& path) {
  std::error_code failure;
  const fs::path file = fs::canonical(path, failure);  // links followed
  const std::string folder = (failure ? fs::path(path) : file).string() + ".shards";
  std::vector<std::string> paths;
  for (fs::directory_iterator it(folder, failure), end; it != end; it.increment(failure)) {
    std::error_code ignored;
    if (it->path().extension() == ".db" && it->is_regular_file(ignored)) {
      paths.push_back(it->path().string());
    }
  }
  std::ranges::sort(paths, [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), a) < std::pair(b.size(), b);  // 2.db before 10.db
  });
  return paths;
}

StudyStatus LoadStudyStatus(const std::string& path, const LockWait& wait) {
  const Database db = Database::Open(path, OpenMode::kObserve, wait);
  sqlite::Connection& connection = db.impl().connection;
  const std::vector<std::string> shards = ShardPaths(path);
  StudyStatus status;
  status.files.push_back({path, ""});
  const bool elsewhere = !shards.empty();
  if (elsewhere) MakeElsewhere(connection);
  for (const std::string& shard : shards) {
    const StatusFile file{kSchema, static_cast<int>(status.files.size()),
                          fs::path(shard).filename().string(), true};
    status.files.push_back({shard, ""});
    LockWait moment;
    moment.seconds = std::min(kShardWait, wait.seconds);
    connection.WaitAs(moment);
    try {
      ReadShard(connection, file, shard, status);
    } catch (const Error& error) {
      status.files.back().skipped = Reason(error, shard, path);
    }
  }
  connection.WaitAs(wait);
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  status.populations = connection.QueryInt("SELECT count(*) FROM main.populations");
  status.models = connection.QueryInt("SELECT count(*) FROM main.models");
  status.series = LoadSeriesStatus(connection, elsewhere);
  LoadRunTotals(connection, elsewhere, status);
  const StatusFile file{"main", 0, "", elsewhere};
  AddWorkers(connection, file, status);
  AddFailures(connection, file, status);
  ArrangeStatus(status);
  return status;
}

}  // namespace dse
