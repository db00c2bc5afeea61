#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "core/hash.h"
#include "core/json.h"
#include "db/connection.h"
#include "db/documents.h"
#include "db/run_rows.h"
#include "db/runs.h"

namespace dse {
namespace {

void Count(PlanSummary& summary, RunState state, const std::optional<double>& error) {
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
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT(key) DO NOTHING"),
        find_run_(connection_, "SELECT id, state, error FROM runs WHERE key = ?"),
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
    const std::string key = RunKey(run.model_hash, run.recipe.hash, fingerprint_, run.seed);
    summary_.inserted += insert_run_.Bind(key, model, RecipeId(run.recipe), dataset_, seed).Run();
    find_run_.Bind(key);
    find_run_.Step();
    const int64_t id = find_run_.Int(0);
    if (seen_.insert(id).second) {
      summary_.run_ids.push_back(id);
      Count(summary_, StoredState(find_run_.Text(1)), find_run_.OptionalReal(2));
    }
    link_.Bind(SeriesId(population), run.member_id, id).Run();
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
  sqlite::Statement find_run_;
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
  sqlite::Transaction transaction(WritableConnection(db), sqlite::Transaction::Kind::kWrite);
  Planner planner(db, wanted);
  for (const WantedRun& run : wanted.runs) planner.Add(run);
  transaction.Commit();
  return planner.summary();
}

PlanSummary CountRuns(Database& db, const WantedRuns& wanted) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  sqlite::Statement find(connection, "SELECT id, state, error FROM runs WHERE key = ?");
  std::unordered_set<std::string> seen;
  PlanSummary summary;
  for (const WantedRun& run : wanted.runs) {
    const std::string key =
        RunKey(run.model_hash, run.recipe.hash, wanted.dataset.fingerprint, run.seed);
    if (!seen.insert(key).second) continue;
    find.Bind(key);
    if (find.Step()) {
      summary.run_ids.push_back(find.Int(0));
      Count(summary, StoredState(find.Text(1)), find.OptionalReal(2));
    } else {
      ++summary.inserted;
      ++summary.states[RunState::kPending];
    }
  }
  return summary;
}

PlanSummary CountRuns(Database& db, std::span<const int64_t> run_ids) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  sqlite::Statement find(connection, "SELECT state, error FROM runs WHERE id = ?");
  PlanSummary summary;
  summary.run_ids.assign(run_ids.begin(), run_ids.end());
  for (const int64_t id : run_ids) {
    find.Bind(id);
    if (find.Step()) Count(summary, StoredState(find.Text(0)), find.OptionalReal(1));
  }
  return summary;
}

}  // namespace dse
