#include "runner/work/verify.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/model.h"
#include "db/database.h"
#include "db/file_runs.h"
#include "db/study_status.h"
#include "runner/training/recipe.h"
#include "runner/training/safetensors.h"
#include "runner/training/weights.h"
#include "runner/work/orphans.h"
#include "runner/work/run_files.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// "FILE: what" without the file.
std::string WithoutPath(const std::string& message, const std::string& path) {
  const std::string start = path + ": ";
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

// The files of a study that could be read.
class Study {
 public:
  void Add(Database& db) { files_.push_back(&db); }
  // One could not be read: whose files belong to no run cannot be told.
  void Miss() { all_known_ = false; }
  bool all_known() const { return all_known_; }

  // Whether any has the run, or may have it.
  bool MayHave(const std::string& key) {
    return Any([&](Database& db) { return FindFileRun(db, key).has_value(); });
  }
  // Whether somebody trains it into any of them, or may do so.
  bool MayHold(const std::string& key) {
    return Any([&](Database& db) {
      const std::optional<FileRun> run = FindFileRun(db, key);
      return run && run->state == RunState::kRunning;
    });
  }

 private:
  bool Any(const std::function<bool(Database&)>& is) {
    for (Database* db : files_) {
      try {
        if (is(*db)) return true;
      } catch (const Error&) {
        Miss();
      }
    }
    return !all_known_;
  }

  std::vector<Database*> files_;
  bool all_known_ = true;
};

bool WrittenLately(const std::string& path) {
  constexpr std::chrono::minutes kLately{10};
  std::error_code gone;
  const fs::file_time_type time = fs::last_write_time(path, gone);
  return !gone && time > fs::file_time_type::clock::now() - kLately;
}

class FileVerification {
 public:
  FileVerification(const VerifyRequest& request, std::string work_dir, Database db, Study& study,
                   const std::function<void(const std::string&)>& tell)
      : request_(request),
        work_dir_(std::move(work_dir)),
        db_(std::move(db)),
        study_(study),
        tell_(tell) {
    result_.path = db_.path();
    study_.Add(db_);
  }
  FileVerification(const FileVerification&) = delete;
  FileVerification& operator=(const FileVerification&) = delete;

  void CheckRows() {
    result_.rows.sound = false;  // unless we get to its end
    result_.rows = VerifyRows(
        db_, [this](const Finding& finding) { Tell(finding); }, request_.deep);
    if (!result_.rows.sound) return study_.Miss();
    ReadRecipes(db_, [this](const StoredRecipe& recipe) { CheckRecipe(recipe); });
  }

  void CheckFiles() {
    if (!result_.rows.sound) return;
    for (const RunFile& file : ListRunFiles(WorkFolder(db_.path(), work_dir_))) {
      ++result_.files;
      CheckFile(file);
    }
  }

  // A shard that can no longer be read.
  void Fail(const Error& failure) {
    study_.Miss();
    result_.rows.sound = false;
    Tell(Unreadable(failure, db_.path()));
  }

  static Finding Unreadable(const Error& failure, const std::string& path) {
    return {"", WithoutPath(failure.what(), path),
            "nothing is said of it and of files that no run needs; call this again when it can be "
            "read. A shard that was never begun may be removed"};
  }

  const VerifiedFile& result() const { return result_; }

 private:
  void Tell(const Finding& finding) {
    ++result_.findings;
    tell_(finding.Line(db_.path()));
  }

  void CheckRecipe(const StoredRecipe& stored) {
    const std::string where = "recipe '" + stored.name + "' (" + stored.hash + ")";
    try {
      const std::string hash = RecipeHash(ParseRecipe(ParseJson(stored.document, "it"), "it"));
      if (hash == stored.hash) return;
      Tell(
          {where, "its hash is not that of its document, " + hash, "restore the file from a copy"});
    } catch (const Error& failure) {
      Tell({where, std::string("its document is no recipe: ") + failure.what(),
            "restore the file from a copy"});
    }
  }

  // Files of a run that only another file of the study has are that file's to judge, and so are
  // those of a run that somebody trains into another.
  void CheckFile(const RunFile& file) {
    const std::optional<FileRun> run = FindFileRun(db_, file.key);
    if (!run && study_.MayHave(file.key)) return;
    const std::string why = WhyOrphan(file, run);
    if (!why.empty()) {
      const bool judged = study_.all_known() && !study_.MayHold(file.key) &&
                          !(file.state == RunFile::State::kPartial && WrittenLately(file.path));
      return judged ? CheckOrphan(file, why) : void();
    }
    if (!run || run->state == RunState::kRunning || file.state != RunFile::State::kInPlace) {
      return;
    }
    const std::string failure = TryRead(file, *run);
    if (failure.empty() || Changed(file, *run)) return;
    const bool weights = file.kind == RunFile::Kind::kWeights;
    Tell({"run " + std::to_string(run->id) + " (" + file.key + ")",
          (weights ? "its weights cannot be used: " : "a checkpoint of it cannot be used: ") +
              failure,
          weights
              ? "'dse runs retry --run " + std::to_string(run->id) +
                    "' and 'dse train --keep-weights' make them again"
              : "its training goes on from the checkpoint before, or from the start; remove the "
                "file"});
  }

  void CheckOrphan(const RunFile& file, const std::string& why) {
    if (!request_.clean) {
      return Tell({file.path, "no run needs it: " + why, "'dse verify --clean' removes it"});
    }
    std::string trouble = "it cannot be removed; see to the rights of its folder";
    try {
      if (!writable_) writable_ = Database::Open(db_.path(), OpenMode::kReadWrite);
      const auto held = [&] { return study_.MayHold(file.key); };
      if (RemoveOrphan(*writable_, file, held)) {
        ++result_.removed;
        tell_(db_.path() + ": removed " + file.path + " (" + why + ")");
        return;
      }
      if (held() || WhyOrphan(file, FindFileRun(db_, file.key)).empty()) return;
    } catch (const Error& failure) {
      trouble = std::string("it cannot be removed: ") + failure.what();
    }
    std::error_code gone;
    if (fs::exists(file.path, gone)) Tell({file.path, "no run needs it: " + why, trouble});
  }

  // Why it cannot be used; "" if it can.
  std::string TryRead(const RunFile& file, const FileRun& run) const {
    try {
      if (file.kind == RunFile::Kind::kCheckpoint) {
        if (request_.deep) ReadSafetensors(file.path, Checksum::kRequired);
        if (!request_.deep) CheckSafetensorsSize(file.path);
        return "";
      }
      CheckSafetensorsSize(file.path);
      const WeightsMetadata metadata = ReadSafetensorsMetadata(file.path);
      const auto hash = metadata.find("model_hash");
      if (hash != metadata.end() && hash->second != run.model_hash) {
        return file.path + ": is of network " + hash->second + ", not " + run.model_hash;
      }
      if (request_.deep) {
        ReadWeights(file.path, ParseModel(ParseJson(run.model_json, "its network"), "its network"));
      }
      return "";
    } catch (const std::exception& failure) {
      return failure.what();
    }
  }

  // Somebody trained the run while we read, or removed the file.
  bool Changed(const RunFile& file, const FileRun& before) {
    std::error_code gone;
    const std::optional<FileRun> now = FindFileRun(db_, file.key);
    return !now || now->state != before.state || now->finished_at != before.finished_at ||
           !fs::exists(file.path, gone);
  }

  const VerifyRequest& request_;
  std::string work_dir_;
  Database db_;                       // only read
  std::optional<Database> writable_;  // where files are removed
  Study& study_;
  const std::function<void(const std::string&)>& tell_;
  VerifiedFile result_;
};

}  // namespace

std::vector<VerifiedFile> VerifyStudy(const VerifyRequest& request,
                                      const std::function<void(const std::string& line)>& tell) {
  Study study;
  FileVerification main(request, request.work_dir,
                        Database::Open(request.db_path, OpenMode::kObserve), study, tell);
  std::vector<std::unique_ptr<FileVerification>> shards;
  std::vector<VerifiedFile> unreadable;
  for (const std::string& path : ShardPaths(request.db_path)) {
    try {
      shards.push_back(std::make_unique<FileVerification>(
          request, "", Database::Open(path, OpenMode::kObserve), study, tell));
    } catch (const Error& failure) {
      study.Miss();
      tell(FileVerification::Unreadable(failure, path).Line(path));
      unreadable.push_back({path, {false}, 0, 1, 0});
    }
  }
  // Files are judged when it is known which databases can be relied on.
  for (const auto check : {&FileVerification::CheckRows, &FileVerification::CheckFiles}) {
    (main.*check)();
    for (const auto& shard : shards) {
      try {
        ((*shard).*check)();
      } catch (const Error& failure) {
        shard->Fail(failure);
      }
    }
  }
  std::vector<VerifiedFile> files{main.result()};
  for (const auto& shard : shards) files.push_back(shard->result());
  std::ranges::move(unreadable, std::back_inserter(files));
  return files;
}

}  // namespace dse
