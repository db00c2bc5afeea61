#include "db/merge_source.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file_system.h"
#include "db/claims.h"
#include "db/database.h"
#include "db/owner.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/journal.h"
#include "db/sqlite/schema.h"

namespace dse {
namespace {

namespace fs = std::filesystem;
using sqlite::Access;
using sqlite::Connection;

// Of the journal beside the file; empty without one.
std::optional<double> JournalAge(const std::string& path) {
  std::error_code none;
  const fs::file_time_type time = fs::last_write_time(path + "-journal", none);
  if (none) return std::nullopt;
  return std::chrono::duration<double>(fs::file_time_type::clock::now() - time).count();
}

// A journal that stays is of a killed program, whose change is undone by whoever may write. Where
// locks do not tell, that program may live while the journal is younger than a lease; then empty.
std::optional<SchemaMark> ReadMark(const std::string& path, bool network) {
  try {
    Connection look(path, Access::kReadOnly);
    return ReadSchemaMark(look);
  } catch (const Error&) {
    const std::optional<double> age = JournalAge(path);
    if (!age) throw;
    if (network && *age < kLeaseSeconds) return std::nullopt;
  }
  Connection repair(path, Access::kReadWrite);
  return ReadSchemaMark(repair);
}

void CheckWhole(const std::string& path) {
  Connection look(path, Access::kReadOnly);
  const std::string found = look.QueryText("PRAGMA quick_check(1)");
  if (found == "ok") return;
  throw Error(path + ": the database is damaged (" + found +
                  "); restore it from a copy, or save what can be read with sqlite3's .recover",
              Fault::kMachine);
}

// A run that somebody trains.
struct HeldRun {
  int64_t id = 0;
  Owner owner;
  double lease_seconds = 0;  // left
};

// Those that may still be trained, as far as can be seen here.
std::vector<HeldRun> HeldRuns(const std::string& path) {
  Connection look(path, Access::kReadOnly);
  sqlite::Statement row(look,
                        "SELECT id, owner, lease_expires FROM runs WHERE state = 'running'"
                        " ORDER BY id");
  const double now = sqlite::Now();
  std::vector<HeldRun> held;
  while (row.Step()) {
    const Owner owner = Owner::FromToken(row.Text(1));
    if (row.Real(2) < now || owner.CertainlyDead()) continue;
    held.push_back({row.Int(0), owner, row.Real(2) - now});
  }
  return held;
}

// Without those whose batch jobs have ended, as `ended` says.
void EraseEnded(std::vector<HeldRun>& held, const EndedOwners& ended) {
  std::set<std::string> tokens;
  for (const HeldRun& run : held) tokens.insert(run.owner.token());
  const std::set<std::string> gone = EndedInJobs(tokens, ended);
  std::erase_if(held, [&](const HeldRun& run) { return gone.contains(run.owner.token()); });
}

}  // namespace

// A folder of ours with the file in it.
class MergeSource::Copy {
 public:
  explicit Copy(const std::string& of) {
    std::error_code failure;
    folder_ = (fs::temp_directory_path(failure) / "dse-merge-XXXXXX").string();
    if (failure || mkdtemp(folder_.data()) == nullptr) {
      throw Error(folder_ + ": cannot be made; TMPDIR names another folder", Fault::kMachine);
    }
    path_ = folder_ + "/copy.db";
    Connection source(of, Access::kReadOnly);
    sqlite::Statement(source, "VACUUM INTO ?", path_).Run();
    Database::Open(path_, OpenMode::kReadWrite);
  }
  ~Copy() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

std::string FileUse::Text() const {
  return "is in use: " + std::to_string(runs) + " runs are being trained into it, such as run " +
         std::to_string(run_id) + " on " + host + "; wait until that has ended (or, where it was " +
         "killed, " + std::to_string(std::lround(std::ceil(lease_seconds))) +
         " s until its lease runs out)";
}

MergeSource::MergeSource(std::string path, std::optional<bool> network) : path_(std::move(path)) {
  std::error_code none;
  if (!fs::exists(path_, none)) throw Error(path_ + ": no such file");
  if (!fs::is_regular_file(path_, none)) throw Error(path_ + ": is not a regular file");
  network_ = network ? *network : FileSystemOf(path_).network;
  AwaitJournal(path_);
  Check();
}

bool MergeSource::Check() {
  if (checked_) return true;
  const std::optional<SchemaMark> mark = ReadMark(path_, network_);
  if (!mark) return false;
  CheckSchema(*mark, path_);
  if (mark->version == 0) throw Error(path_ + ": is empty, not a results file");
  version_ = mark->version;
  CheckWhole(path_);
  return checked_ = true;
}

std::string MergeSource::BeingWritten() {
  if (Check()) return "";
  const double left = kLeaseSeconds - JournalAge(path_).value_or(0);
  return "is in use: the journal of an unfinished change lies beside it, and on a network file "
         "system nothing tells whether its writer lives; wait until it is gone (or, where the "
         "writer was killed, " +
         std::to_string(std::lround(std::ceil(std::max(0.0, left)))) +
         " s until the change is undone)";
}

MergeSource::~MergeSource() = default;
MergeSource::MergeSource(MergeSource&&) noexcept = default;
MergeSource& MergeSource::operator=(MergeSource&&) noexcept = default;

const std::string& MergeSource::readable() {
  if (version_ == kSchemaVersion) return path_;
  if (!copy_) copy_ = std::make_unique<Copy>(path_);
  return copy_->path();
}

void MergeSource::DropCopy() { copy_.reset(); }

std::optional<FileUse> MergeSource::InUse(const EndedOwners& ended) const {
  std::vector<HeldRun> held = HeldRuns(path_);
  EraseEnded(held, ended);
  if (held.empty()) return std::nullopt;
  FileUse use{static_cast<int64_t>(held.size()), held.front().owner.host(), held.front().id, 0};
  for (const HeldRun& run : held)
    use.lease_seconds = std::max(use.lease_seconds, run.lease_seconds);
  return use;
}

}  // namespace dse
