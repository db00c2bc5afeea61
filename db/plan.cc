#include "db/plan.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "core/hash.h"
#include "core/json.h"
#include "db/rows/adoption.h"
#include "db/rows/run_finder.h"
#include "db/rows/run_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Rows of an index that are read in the time in which one run is searched for by its number.
constexpr size_t kRowsPerSearch = 8;

void CountIn(PlanSummary& summary, RunState state, const std::optional<double>& error) {
  ++summary.states[state];
  if (error) summary.best_error = std::min(*error, summary.best_error.value_or(*error));
}

// Inserts wanted runs one by one and remembers the ids their documents and members have.
class Planner {
 public:
  Planner(Database& db, const WantedRuns& wanted)
      : db_(db),
        connection_(WritableConnection(db)),
        fingerprint_(wanted.dataset.fingerprint),
        series_recipe_(StoreRecipe(connection_, wanted.recipe)),
        dataset_(StoreDataset(connection_, wanted.dataset)),
        find_member_(connection_,
                     "SELECT m.population_id, o.id, o.hash FROM members m"
                     " JOIN models o ON o.id = m.model_id WHERE m.id = ?"),
        insert_run_(connection_,
                    "INSERT INTO runs(key, model_id, recipe_id, dataset_id, seed)"
                    " VALUES (?, ?, ?, ?, ?)"),
        runs_(connection_, wanted.dataset, dataset_),
        link_(connection_,
              "INSERT INTO series_runs(series_id, member_id, run_id) VALUES (?, ?, ?)"
              " ON CONFLICT DO NOTHING") {}

  void Add(const WantedRun& run) {
    const int64_t seed = sqlite::StoredSeed(run.seed);
    find_member_.Bind(run.member_id);
    if (!find_member_.Step() || find_member_.Text(2) != run.model_hash) {
      throw Error(db_.path() + ": has no member " + std::to_string(run.member_id) + " with model " +
                  run.model_hash);
    }
    const int64_t population = find_member_.Int(0);
    const int64_t model = find_member_.Int(1);
    std::optional<RunFinder::Found> found = runs_.Find(run);
    if (!found) {
      summary_.inserted +=
          insert_run_.Bind(KeyOf(run, fingerprint_), model, RecipeId(run.recipe), dataset_, seed)
              .Run();
      found = runs_.Find(run);
    }
    if (!found) throw Error("internal: a run just stored is missing");
    if (seen_.insert(found->id).second) {
      summary_.run_ids.push_back(found->id);
      CountIn(summary_, found->state, found->error);
    }
    link_.Bind(SeriesId(population), run.member_id, found->id).Run();
  }
  const PlanSummary& summary() const { return summary_; }

 private:
  int64_t RecipeId(const RecipeRow& recipe) {
    const auto [at, fresh] = recipes_.try_emplace(recipe.hash, 0);
    if (fresh) at->second = StoreRecipe(connection_, recipe);
    return at->second;
  }
  int64_t SeriesId(int64_t population) {
    const auto [at, fresh] = series_.try_emplace(population, 0);
    if (fresh) at->second = StoreSeries(connection_, population, series_recipe_, dataset_);
    return at->second;
  }

  Database& db_;
  sqlite::Connection& connection_;
  std::string fingerprint_;
  int64_t series_recipe_;
  int64_t dataset_;
  sqlite::Statement find_member_;
  sqlite::Statement insert_run_;
  RunFinder runs_;
  sqlite::Statement link_;
  std::unordered_map<std::string, int64_t> recipes_;
  std::map<int64_t, int64_t> series_;
  std::unordered_set<int64_t> seen_;
  PlanSummary summary_;
};

}  // namespace

std::string RunKey(const std::string& model_hash, const std::string& recipe_hash,
                   const std::string& fingerprint, uint64_t seed) {
  return ShortHash(Json::array({model_hash, recipe_hash, fingerprint, seed}).dump());
}

PlanSummary PlanRuns(Database& db, const WantedRuns& wanted) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const std::optional<OldDataset> old = FindOldDataset(connection, wanted.dataset);
  if (old) AdoptDataset(connection, wanted.dataset, *old);
  Planner planner(db, wanted);
  for (const WantedRun& run : wanted.runs) planner.Add(run);
  transaction.Commit();
  PlanSummary summary = planner.summary();
  if (old) summary.adopted = {old->uri, old->runs};
  return summary;
}

PlanSummary CountRuns(Database& db, const WantedRuns& wanted) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  PlanSummary summary;
  const std::optional<OldDataset> old = FindOldDataset(connection, wanted.dataset);
  if (old) summary.adopted = {old->uri, old->runs};
  RunFinder runs(connection, wanted.dataset,
                 old ? old->id : FindDataset(connection, wanted.dataset.fingerprint).value_or(-1));
  std::unordered_set<int64_t> seen;
  std::unordered_set<std::string> missing;  // keys
  for (const WantedRun& run : wanted.runs) {
    if (const std::optional<RunFinder::Found> found = runs.Find(run)) {
      if (!seen.insert(found->id).second) continue;
      summary.run_ids.push_back(found->id);
      CountIn(summary, found->state, found->error);
    } else if (missing.insert(KeyOf(run, wanted.dataset.fingerprint)).second) {
      ++summary.inserted;
      ++summary.states[RunState::kPending];
    }
  }
  return summary;
}

PlanSummary CountRuns(Database& db, const RunSet& runs) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  PlanSummary summary;
  summary.run_ids.assign(runs.ids().begin(), runs.ids().end());
  const auto in_file = static_cast<size_t>(connection.QueryInt("SELECT max(id) FROM runs"));
  if (runs.size() > in_file / kRowsPerSearch) {
    // The index runs_state has all that is asked for.
    sqlite::Statement row(connection, "SELECT id, state, error FROM runs INDEXED BY runs_state");
    while (row.Step()) {
      if (runs.PositionOf(row.Int(0))) {
        CountIn(summary, StoredState(row.Text(1)), row.OptionalReal(2));
      }
    }
    return summary;
  }
  sqlite::Statement find(connection, "SELECT state, error FROM runs WHERE id = ?");
  for (const int64_t id : runs.ids()) {
    find.Bind(id);
    if (find.Step()) CountIn(summary, StoredState(find.Text(0)), find.OptionalReal(1));
  }
  return summary;
}

}  // namespace dse
