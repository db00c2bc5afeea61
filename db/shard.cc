#include "db/shard.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>
#include <system_error>

#include "core/durable_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "db/rows/run_finder.h"
#include "db/rows/shard_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

std::string PlanHash(std::span<const std::string> keys) {
  std::string text;
  for (const std::string& key : keys) text += key;
  return ShortHash(text);
}

// Of the study's file, as a shard at `path` remembers it.
ShardMark MarkOf(const std::string& file, const std::string& path, const ShardPart& part,
                 const std::vector<std::string>& plan) {
  const fs::path study = fs::canonical(file);
  const fs::path folder = fs::weakly_canonical(fs::absolute(path)).parent_path();
  return {study.string(), study.lexically_relative(folder).string(), part,
          static_cast<int64_t>(plan.size()), PlanHash(plan)};
}

// A study may be moved together with its shards.
bool SameFile(const ShardMark& a, const ShardMark& b) {
  return a.file == b.file || a.place == b.place;
}

std::string PartText(const ShardPart& part) {
  return std::to_string(part.index) + "/" + std::to_string(part.count);
}

// How the plan that a shard was made for became the one of now.
enum class PlanChange { kNone, kLonger, kGrownWithin, kOther };

PlanChange ComparePlans(sqlite::Connection& shard, const ShardMark& was, const ShardMark& is,
                        const std::vector<std::string>& plan) {
  if (was.part.index != is.part.index || was.part.count != is.part.count) return PlanChange::kOther;
  if (was.plan == is.plan && was.runs == is.runs) return PlanChange::kNone;
  if (was.runs < is.runs &&
      PlanHash(std::span(plan).first(static_cast<size_t>(was.runs))) == was.plan) {
    return PlanChange::kLonger;
  }
  // By what runs are: those that a dataset took over have other keys.
  const std::set<std::string> wanted(plan.begin(), plan.end());
  sqlite::Statement row(shard,
                        "SELECT o.hash, c.hash, d.fingerprint, r.seed FROM main.runs r"
                        " JOIN main.models o ON o.id = r.model_id"
                        " JOIN main.recipes c ON c.id = r.recipe_id"
                        " JOIN main.datasets d ON d.id = r.dataset_id");
  bool any = false;
  while (row.Step()) {
    any = true;
    const auto seed = static_cast<uint64_t>(row.Int(3));
    if (!wanted.contains(RunKey(row.Text(0), row.Text(1), row.Text(2), seed))) {
      return PlanChange::kOther;
    }
  }
  return any ? PlanChange::kGrownWithin : PlanChange::kOther;
}

class ShardOpener {
 public:
  ShardOpener(const std::string& file, const WantedRuns& wanted, const ShardPart& part,
              const std::string& path)
      : file_(file), wanted_(wanted), path_(path) {
    Database study = Database::Open(file, OpenMode::kUntouched);
    selection_ = SelectShardRuns(study, wanted, part);
    mark_ = MarkOf(file, path, part, selection_.plan);
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
    if (Change(shard) == PlanChange::kGrownWithin) {
      summary_.elsewhere = DropUnknown(shard);
    } else {
      summary_.added = CopyShardRuns(shard, wanted_);
      WriteShardMark(shard, mark_);
    }
    ReopenShardRuns(shard);
    Describe(shard);
    transaction.Commit();
  }

  // Throws Error for a shard that this plan may not have.
  PlanChange Change(sqlite::Connection& shard) {
    sqlite::Statement row(shard, "SELECT file, place, part, parts, runs, plan FROM main.shard");
    if (!row.Step()) {
      if (shard.QueryInt("SELECT EXISTS (SELECT 1 FROM main.populations)") == 0) {
        return PlanChange::kOther;  // a new one
      }
      throw Error(path_ + ": is a results file of its own, not a shard; choose another --out");
    }
    const ShardMark was{
        row.Text(0), row.Text(1), {row.Int(2), row.Int(3)}, row.Int(4), row.Text(5)};
    if (!SameFile(was, mark_)) {
      throw Error(path_ + ": is a shard of " + was.file + ", not of " + mark_.file +
                  "; choose another --out");
    }
    const PlanChange change = ComparePlans(shard, was, mark_, selection_.plan);
    if (change != PlanChange::kOther || CountUnmerged(shard) == 0) return change;
    const bool same_part = PartText(was.part) == PartText(mark_.part);
    throw Error(path_ + ": was made for " +
                (same_part ? "another plan (recipe, data, seeds or populations)"
                           : "part " + PartText(was.part) + ", not " + PartText(mark_.part)) +
                ", and holds results that " + file_ +
                " does not have; bring them there with 'dse merge' first, or choose another --out");
  }

  // Runs of this part that the shard does not have stay out of it. Answers how many.
  int64_t DropUnknown(sqlite::Connection& shard) {
    sqlite::Statement drop(
        shard, "DELETE FROM temp.shard_runs WHERE key NOT IN (SELECT key FROM main.runs)");
    return drop.Run();
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
  sqlite::Statement row(db.impl().connection,
                        "SELECT file, place, part, parts, runs, plan FROM shard");
  if (!row.Step()) return std::nullopt;
  return ShardMark{row.Text(0), row.Text(1), {row.Int(2), row.Int(3)}, row.Int(4), row.Text(5)};
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

}  // namespace dse
