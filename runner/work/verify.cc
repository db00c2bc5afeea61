#include "runner/work/verify.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/model.h"
#include "db/database.h"
#include "db/file_runs.h"
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

class FileVerification {
 public:
  FileVerification(const VerifyRequest& request, Database& db, std::vector<Database*> others,
                   bool others_known, const std::function<void(const std::string&)>& tell)
      : request_(request),
        db_(db),
        others_(std::move(others)),
        others_known_(others_known),
        tell_(tell) {
    result_.path = db.path();
  }

  VerifiedFile Run() {
    result_.rows = VerifyRows(db_, [this](const Finding& finding) { Tell(finding); });
    if (!result_.rows.sound) return result_;
    ReadRecipes(db_, [this](const StoredRecipe& recipe) { CheckRecipe(recipe); });
    for (const RunFile& file : ListRunFiles(WorkFolder(db_.path(), request_.work_dir))) {
      ++result_.files;
      CheckFile(file);
    }
    return result_;
  }

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

  // Files of a run that only another file of the study has are that file's to judge.
  bool AnotherHas(const std::string& key) const {
    return !others_known_ || std::ranges::any_of(others_, [&](Database* other) {
      return FindFileRun(*other, key).has_value();
    });
  }

  void CheckFile(const RunFile& file) {
    const std::optional<FileRun> run = FindFileRun(db_, file.key);
    if (!run && AnotherHas(file.key)) return;
    const std::string why = WhyOrphan(file, run);
    if (!why.empty()) return CheckOrphan(file, why);
    if (!run || run->state == RunState::kRunning || !file.in_place) return;
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
    if (request_.clean && RemoveOrphan(db_, file)) {
      ++result_.removed;
      tell_(db_.path() + ": removed " + file.path + " (" + why + ")");
      return;
    }
    std::error_code gone;
    if (!fs::exists(file.path, gone)) return;
    Tell({file.path, "no run needs it: " + why,
          request_.clean ? "it cannot be removed; see to the rights of its folder"
                         : "'dse verify --clean' removes it"});
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
  Database& db_;
  std::vector<Database*> others_;
  bool others_known_;
  const std::function<void(const std::string&)>& tell_;
  VerifiedFile result_;
};

struct Shards {
  std::vector<Database> open;
  std::vector<VerifiedFile> unreadable;
};

Shards OpenShards(const std::string& db_path, const std::function<void(const std::string&)>& tell) {
  Shards shards;
  for (const std::string& path : ShardsOf(db_path)) {
    try {
      shards.open.push_back(Database::Open(path, OpenMode::kAsItIs));
    } catch (const Error& failure) {
      Finding finding{
          "", WithoutPath(failure.what(), path),
          "a shard that was never begun or is damaged is trained again once it is removed"};
      tell(finding.Line(path));
      shards.unreadable.push_back({path, {false}, 0, 1, 0});
    }
  }
  return shards;
}

}  // namespace

std::vector<std::string> ShardsOf(const std::string& db_path) {
  std::vector<std::string> shards;
  std::error_code none;
  for (fs::directory_iterator it(db_path + ".shards", none), end; it != end; it.increment(none)) {
    if (it->path().extension() == ".db" && it->is_regular_file(none)) {
      shards.push_back(it->path().string());
    }
  }
  std::ranges::sort(shards);
  return shards;
}

std::vector<VerifiedFile> VerifyStudy(const VerifyRequest& request,
                                      const std::function<void(const std::string& line)>& tell) {
  Database main = Database::Open(request.db_path, OpenMode::kAsItIs);
  Shards shards = OpenShards(request.db_path, tell);
  std::vector<Database*> others;
  for (Database& shard : shards.open) others.push_back(&shard);
  const bool all_known = shards.unreadable.empty();
  std::vector<VerifiedFile> files;
  files.push_back(FileVerification(request, main, others, all_known, tell).Run());
  VerifyRequest of_shard = request;
  of_shard.work_dir = "";
  for (Database& shard : shards.open) {
    files.push_back(FileVerification(of_shard, shard, {&main}, true, tell).Run());
  }
  std::ranges::move(shards.unreadable, std::back_inserter(files));
  return files;
}

}  // namespace dse
