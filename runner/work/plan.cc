#include "runner/work/plan.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/error.h"
#include "db/documents.h"
#include "db/plan.h"
#include "db/populations.h"
#include "runner/data/class_check.h"
#include "runner/work/run_files.h"
#include "runner/work/train.h"

namespace dse {
namespace {

// Room for results and the journal of a transaction.
constexpr double kResultBytes = 4e6;

RecipeRow MakeRow(const Recipe& recipe) {
  return {RecipeHash(recipe), recipe.name, RecipeToJson(recipe, /*with_defaults=*/true).dump()};
}

void CheckImages(const Recipe& recipe, const DatasetInfo& data) {
  if (data.test_images == 0 && recipe.val_images == 0)
    throw Error(data.uri + " has no test images");
  int64_t images = std::max<int64_t>(0, data.train_images - recipe.val_images);
  if (recipe.train_images > 0) images = std::min<int64_t>(images, recipe.train_images);
  if (recipe.batch_size <= images) return;
  throw Error("a batch of " + std::to_string(recipe.batch_size) + " images is more than the " +
              std::to_string(images) + " training images of " + data.uri +
              "; choose a smaller batch_size");
}

// Values, momentum and average of the largest network, in three files for a moment.
double CheckpointBytes(std::span<const StoredMember> members) {
  int64_t params = 0;
  for (const StoredMember& member : members) {
    params = std::max(params, member.draw.complexity.params);
  }
  return 4.0 * 3 * 3 * static_cast<double>(params);
}

}  // namespace

DatasetRow MakeDatasetRow(const DatasetInfo& data) {
  return {data.fingerprint,   data.uri,         data.classes(),
          data.train_images,  data.test_images, data.old_fingerprint,
          data.corrupt_images};
}

WantedRuns MakePlan(std::span<const StoredMember> members, const Recipe& recipe,
                    const DatasetInfo& data, uint64_t seed, int repeats) {
  WantedRuns wanted;
  wanted.recipe = MakeRow(recipe);
  wanted.dataset = MakeDatasetRow(data);
  std::vector<RecipeRow> effective;  // of each member
  for (const StoredMember& member : members) {
    CheckClasses("population '" + member.population + "' has networks",
                 member.draw.model.frame.classes, data);
    const Overrides& own = member.draw.overrides;
    effective.push_back(own.empty() ? wanted.recipe : MakeRow(WithOverrides(recipe, own)));
  }
  // Repeat by repeat, so that a study cut short has every member before any has two runs.
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (size_t i = 0; i < members.size(); ++i) {
      wanted.runs.push_back({members[i].member_id, seed + static_cast<uint64_t>(repeat),
                             members[i].draw.hash, effective[i]});
    }
  }
  return wanted;
}

void CheckBeforeTraining(const TrainRequest& request, std::span<const StoredMember> members,
                         const DatasetInfo& data) {
  CheckImages(request.recipe, data);
  if (request.keep_weights) {
    for (const StoredMember& member : members) {
      CheckWeightNames(member.draw.model, request.weight_names);
    }
  }
  MakeRunFolders(request.work_dir);
  CheckSpace(request.work_dir, CheckpointBytes(members) * std::max(1, request.workers),
             "training the largest network (checkpoints, in --work-dir)");
  const std::string beside = std::filesystem::path(request.db_path).parent_path().string();
  CheckSpace(beside.empty() ? "." : beside, kResultBytes, "the database");
}

}  // namespace dse
