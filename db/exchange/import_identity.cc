#include "db/exchange/import_identity.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/hash.h"
#include "db/exchange/imported_runs.h"

namespace dse {
namespace {

std::string KeyOf(Json group, Json what) {
  group.push_back(std::move(what));
  return ShortHash(group.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::optional<StoredRun> ReadStoredRun(sqlite::Statement& row) {
  if (!row.Step()) return {};
  return StoredRun{row.Int(0), row.Text(1), row.OptionalReal(2), row.OptionalReal(3), row.Int(4)};
}

}  // namespace

bool SameOutcome(const StoredRun& run, const ImportRow& row) {
  return run.state == RunStateText(row.state) && run.error == row.error &&
         run.best_error == row.best_error;
}

RunIdentities::RunIdentities(sqlite::Connection& connection, std::string file)
    : file_(std::move(file)),
      find_key_(connection, "SELECT id, state, error, best_error, seed FROM runs WHERE key = ?"),
      find_seed_(connection,
                 "SELECT r.id, r.state, r.error, r.best_error, r.seed FROM series_runs l"
                 " JOIN runs r ON r.id = l.run_id"
                 " WHERE l.series_id = ? AND l.member_id = ? AND r.seed = ?"
                 " ORDER BY r.key = ? DESC, r.key = ? DESC, r.id LIMIT 1"),
      find_seeds_(connection,
                  "SELECT r.seed FROM series_runs l JOIN runs r ON r.id = l.run_id"
                  " WHERE l.series_id = ? AND l.member_id = ?"),
      set_key_(connection, "UPDATE runs SET key = ? WHERE id = ?") {}

void RunIdentities::Announce(const ImportRow& row, const Json& prefix) {
  Group& group = groups_[prefix.dump()];
  ++group.rows;
  if (!row.log_file.empty()) ++group.logs[row.log_file];
  if (!row.seed) return;
  const int64_t place = row.job > 0 ? row.job : row.line;
  const auto [at, fresh] = group.seeds.emplace(*row.seed, place);
  if (fresh) return;
  if (row.job == 0) {
    throw Error(ImportPlace(file_, row) + ": seed " + std::to_string(*row.seed) +
                " of this network was in line " + std::to_string(at->second) + " already");
  }
  group.repeated_seeds.insert(*row.seed);
}

bool RunIdentities::HasSeed(const ImportRow& row, const Group& group) const {
  return row.seed && !group.repeated_seeds.contains(*row.seed);
}

std::optional<StoredRun> RunIdentities::FindKey(const std::string& key) {
  find_key_.Bind(key);
  return ReadStoredRun(find_key_);
}

std::optional<StoredRun> RunIdentities::FindSeed(int64_t series_id, int64_t member_id, int64_t seed,
                                                 const std::string& key, const std::string& old_key,
                                                 Group& group) {
  if (!StoredSeeds(series_id, member_id, group).contains(seed)) return {};
  for (const std::string& one : {key, old_key}) {
    std::optional<StoredRun> run = FindKey(one);
    if (run && run->seed == seed) return run;
  }
  find_seed_.Bind(series_id, member_id, seed, key, old_key);
  return ReadStoredRun(find_seed_);
}

std::set<int64_t>& RunIdentities::StoredSeeds(int64_t series_id, int64_t member_id, Group& group) {
  if (group.stored_seeds) return *group.stored_seeds;
  group.stored_seeds.emplace();
  find_seeds_.Bind(series_id, member_id);
  while (find_seeds_.Step()) group.stored_seeds->insert(find_seeds_.Int(0));
  return *group.stored_seeds;
}

// Jobs once were told apart by their place alone. Such a run of the same outcome is this job's, or
// one at its place that had failed; from now on it has the key of its log file.
std::optional<StoredRun> RunIdentities::Adopt(const ImportRow& row, const Json& prefix,
                                              const std::string& key, int64_t place, Group& group) {
  std::optional<StoredRun> found;
  if (!group.placed) {
    group.placed.emplace();
    for (int64_t at = 0; at < group.rows; ++at) {
      if (const auto run = FindKey(KeyOf(prefix, at))) group.placed->push_back(*run);
    }
  }
  for (const StoredRun& run : *group.placed) {
    if (group.adopted.contains(run.id) || !SameOutcome(run, row)) continue;
    found = run;
    break;
  }
  if (!found) {
    found = FindKey(KeyOf(prefix, place));
    if (!found || found->state != RunStateText(RunState::kFailed)) return {};
    if (group.adopted.contains(found->id)) return {};
  }
  group.adopted.insert(found->id);
  set_key_.Bind(key, found->id).Run();
  return found;
}

int64_t RunIdentities::FreeSeed(int64_t series_id, int64_t member_id, int64_t wish, Group& group) {
  const auto taken = [&](int64_t seed) {
    return group.seeds.contains(seed) || StoredSeeds(series_id, member_id, group).contains(seed);
  };
  if (!taken(wish)) return wish;
  while (taken(group.free_seed)) ++group.free_seed;
  return group.free_seed;
}

RunIdentities::Identity RunIdentities::Resolve(const ImportRow& row, const Json& prefix,
                                               int64_t series_id, int64_t member_id) {
  Group& group = groups_[prefix.dump()];
  const int64_t place = group.resolved++;
  if (HasSeed(row, group)) {
    const int64_t seed = *row.seed;
    const std::string key = KeyOf(prefix, {{"seed", seed}});
    return {key, FindSeed(series_id, member_id, seed, key, KeyOf(prefix, place), group), seed};
  }
  Identity identity;
  int64_t number = place;
  if (!row.log_file.empty() && group.logs[row.log_file] == 1) {
    identity.key = KeyOf(prefix, {{"log_file", row.log_file}});
    identity.stored = FindKey(identity.key);
    if (!identity.stored) identity.stored = Adopt(row, prefix, identity.key, place, group);
  } else {
    // A run whose seed the file gives is that row's.
    do {
      number = group.number++;
      identity.key = KeyOf(prefix, number);
      identity.stored = FindKey(identity.key);
    } while (identity.stored && group.seeds.contains(identity.stored->seed));
  }
  if (!identity.stored) {
    identity.seed = FreeSeed(series_id, member_id, row.told_seed.value_or(number), group);
    group.stored_seeds->insert(identity.seed);
  }
  return identity;
}

}  // namespace dse
