#include <string>

#include "core/error.h"
#include "runner/train.h"

namespace dse {
namespace {

RecipeRow MakeRow(const Recipe& recipe) {
  return {RecipeHash(recipe), recipe.name, RecipeToJson(recipe, /*with_defaults=*/true).dump()};
}

void CheckClasses(const StoredMember& member, const DatasetInfo& data) {
  const int classes = member.draw.model.frame.classes;
  if (classes == data.classes()) return;
  throw Error("population '" + member.population + "' has networks for " + std::to_string(classes) +
              " classes but '" + data.uri + "' has " + std::to_string(data.classes()) +
              "; draw or add them with --classes " + std::to_string(data.classes()));
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
  // Repeat by repeat, so that a study cut short has every member before any has two runs.
  for (int repeat = 0; repeat < repeats; ++repeat) {
    for (const StoredMember& member : members) {
      CheckClasses(member, data);
      const Overrides& own = member.draw.overrides;
      const RecipeRow effective = own.empty() ? wanted.recipe : MakeRow(WithOverrides(recipe, own));
      wanted.runs.push_back(
          {member.member_id, seed + static_cast<uint64_t>(repeat), member.draw.hash, effective});
    }
  }
  return wanted;
}

}  // namespace dse
