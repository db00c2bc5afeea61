#include "db/rows/shard_number.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "db/sqlite/connection.h"

namespace dse {

ShardNumbers::ShardNumbers(sqlite::Connection& file, const WantedRuns& wanted)
    : base_(ValuesOf(wanted.recipe)),
      first_(file,
             "SELECT min(m.id) FROM models o JOIN members m ON m.model_id = o.id"
             " WHERE o.hash = ?1 AND coalesce(m.lr, ?2) = ?3"
             " AND coalesce(m.weight_decay, ?4) = ?5") {}

uint64_t ShardNumbers::Of(const WantedRun& run) {
  const Overrides& own = ValuesOf(run.recipe);
  first_.Bind(run.model_hash, *base_.lr, *own.lr, *base_.weight_decay, *own.weight_decay);
  int64_t member = run.member_id;
  if (first_.Step()) member = std::min(member, first_.OptionalInt(0).value_or(member));
  return static_cast<uint64_t>(member) + kSeedStep * run.seed;
}

const Overrides& ShardNumbers::ValuesOf(const RecipeRow& recipe) {
  const auto [at, fresh] = values_.try_emplace(recipe.hash);
  if (fresh) {
    const Json document = ParseJson(recipe.document.str(), "recipe " + recipe.name);
    at->second = {document.value("lr", 0.0), document.value("weight_decay", 0.0)};
  }
  return at->second;
}

}  // namespace dse
