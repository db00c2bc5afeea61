#include "db/shard.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "core/durable_file.h"
#include "core/error.h"
#include "db/rows/run_finder.h"
#include "db/rows/shard_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// Of the study's file, as a shard at `path` remembers it.
ShardMark MarkOf(const std::string& file, const std::string& path, const ShardPart& part) {
  const fs::path study = fs::canonical(file);
  const fs::path folder = fs::weakly_canonical(fs::absolute(path)).parent_path();
  return {study.string(), study.lexically_relative(folder).string(), part};
}

// A study may be moved together with its shards.
bool SameFile(const ShardMark& a, const ShardMark& b) {
  return a.file == b.file || a.place == b.place;
}

std::string PartText(const ShardPart& part) {
  return std::to_string(part.index) + "/" + std::to_string(part.count);
}

ShardMark MarkIn(const sqlite::Statement& row) {
  return {row.Text(0), row.Text(1), {row.Int(2), row.Int(3)}};
}

class ShardOpener {
 public:
  ShardOpener(const std::string& file, const WantedRuns& wanted, const ShardPart& part,
              const std::string& path)
      : file_(file), wanted_(wanted), path_(path) {
    Database study = Database::Open(file, OpenMode::kUntouched);
    selection_ = SelectShardRuns(study, wanted, part);
    mark_ = MarkOf(file, path, part);
  }

  ShardSummary Open() {
    std::error_code none;
    const fs::path folder = fs::path(path_).parent_path();
    if (!folder.empty()) fs::create_directories(folder, none);
    summary_.made = !fs::exists(path_, none) && Make();
    if (!summary_.made) TakeExisting();
    summary_.held = selection_.held;
    return summary_;
  }

 private:
  // False where another process made it meanwhile.
  bool Make() {
    const std::string temporary = path_ + ".new-" + std::to_string(getpid());
    std::error_code none;
    fs::remove(temporary, none);
    try {
      {
        Database shard = Database::Open(temporary, OpenMode::kCreate);
        Fill(shard.impl().connection);
      }
      const bool made = RenameIfAbsent(temporary, path_);
      if (!made) fs::remove(temporary, none);
      return made;
    } catch (...) {
      fs::remove(temporary, none);
      throw;
    }
  }

  void TakeExisting() {
    summary_ = {};  // of one that was made in vain
    Database shard = Database::Open(path_, OpenMode::kReadWrite);
    Fill(shard.impl().connection);
  }

  void Fill(sqlite::Connection& shard) {
    FillShardTables(shard, selection_);
    shard.AttachReadOnly(file_, "file");
    sqlite::Transaction transaction(shard, sqlite::Transaction::Kind::kWrite);
    CheckMayTake(shard);
    summary_.added = CopyShardRuns(shard, wanted_);
    WriteShardMark(shard, mark_);
    ReopenShardRuns(shard);
    Describe(shard);
    transaction.Commit();
  }

  // Throws Error for a shard that this part of the plan may not have.
  void CheckMayTake(sqlite::Connection& shard) {
    sqlite::Statement row(shard, "SELECT file, place, part, parts FROM main.shard");
    if (!row.Step()) {
      if (shard.QueryInt("SELECT EXISTS (SELECT 1 FROM main.populations)") == 0) return;  // new
      throw Error(path_ + ": is a results file of its own, not a shard; choose another --out");
    }
    const ShardMark was = MarkIn(row);
    if (!SameFile(was, mark_)) {
      throw Error(path_ + ": is a shard of " + was.file + ", not of " + mark_.file +
                  "; choose another --out");
    }
    const std::vector<std::string> unmerged = UnmergedRuns(shard);
    const bool same_part = PartText(was.part) == PartText(mark_.part);
    const std::set<std::string> plan(selection_.plan.begin(), selection_.plan.end());
    const auto wanted = [&](const std::string& key) { return plan.contains(key); };
    if (same_part ? std::ranges::all_of(unmerged, wanted) : unmerged.empty()) return;
    throw Error(path_ + ": was made for " +
                (same_part ? "another plan (recipe, data, seeds or populations)"
                           : "part " + PartText(was.part) + ", not " + PartText(mark_.part)) +
                ", and holds results that " + file_ +
                " does not have; bring them there with 'dse merge' first, or choose another --out");
  }

  void Describe(sqlite::Connection& shard) {
    std::set<std::string> kept;
    sqlite::Statement key(shard, "SELECT key FROM temp.shard_runs");
    while (key.Step()) kept.insert(key.Text(0));
    for (const ShardRun& run : selection_.runs) {
      if (kept.contains(run.key)) {
        summary_.keys.push_back(KeyOf(*run.wanted, wanted_.dataset.fingerprint));
        summary_.stored_keys.push_back(run.key);
      }
    }
    sqlite::Statement population(
        shard,
        "SELECT name FROM main.populations WHERE id IN (SELECT m.population_id FROM"
        " temp.shard_runs w JOIN main.runs r ON r.key = w.key"
        " JOIN main.series_runs l ON l.run_id = r.id JOIN main.members m ON m.id = l.member_id)"
        " ORDER BY id");
    while (population.Step()) summary_.populations.push_back(population.Text(0));
  }

  const std::string file_;
  const WantedRuns& wanted_;
  const std::string path_;
  ShardSelection selection_;
  ShardMark mark_;
  ShardSummary summary_;
};

}  // namespace

std::optional<ShardMark> ReadShardMark(Database& db) {
  sqlite::Statement row(db.impl().connection, "SELECT file, place, part, parts FROM shard");
  if (!row.Step()) return std::nullopt;
  return MarkIn(row);
}

ShardSummary OpenShard(const std::string& file, const WantedRuns& wanted, const ShardPart& part,
                       const std::string& path) {
  return ShardOpener(file, wanted, part, path).Open();
}

WantedRuns ChoosePart(const std::string& file, const WantedRuns& wanted, const ShardPart& part) {
  Database study = Database::Open(file, OpenMode::kUntouched);
  const ShardSelection selection = SelectShardRuns(study, wanted, part);
  WantedRuns chosen{wanted.recipe, wanted.dataset, {}};
  for (const ShardRun& run : selection.runs) chosen.runs.push_back(*run.wanted);
  return chosen;
}

std::vector<uint64_t> OpenRunNumbers(const std::string& file, const WantedRuns& wanted) {
  Database study = Database::Open(file, OpenMode::kUntouched);
  std::vector<uint64_t> numbers;
  for (const ShardRun& run : SelectShardRuns(study, wanted, {}).runs) {
    numbers.push_back(run.number);
  }
  return numbers;
}

}  // namespace dse
