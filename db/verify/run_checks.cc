#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_set>

#include "core/units.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/sqlite/schema.h"
#include "db/verify/checks.h"

namespace dse {
namespace {

constexpr double kDay = 86'400;

std::string RunName(int64_t id, const std::string& key) {
  return "run " + std::to_string(id) + " (" + key + ")";
}

std::string RetryCommand(int64_t id) {
  return "'dse runs retry --run " + std::to_string(id) + "' and 'dse train' train it again";
}

// Of a run's last attempt: its row, and its epochs where the run is done.
constexpr const char* kSelectRuns =
    "SELECT r.id, r.key, r.state, r.attempt, r.seed, r.error, r.best_error, r.started_at,"
    " r.finished_at, r.owner, r.lease_expires, r.host, r.dataset_id, d.fingerprint, o.hash, c.hash,"
    " c.document <> '{}', json_extract(c.document, '$.epochs'),"
    " a.run_id IS NOT NULL, a.outcome, a.owner, coalesce(e.epochs, 0), e.last, e.lowest,"
    " (SELECT test_error FROM epochs WHERE run_id = r.id AND attempt = r.attempt"
    "  ORDER BY epoch DESC LIMIT 1)"
    " FROM runs r JOIN recipes c ON c.id = r.recipe_id JOIN datasets d ON d.id = r.dataset_id"
    " LEFT JOIN models o ON o.id = r.model_id"
    " LEFT JOIN attempts a ON a.run_id = r.id AND a.attempt = r.attempt"
    " LEFT JOIN (SELECT run_id, attempt, count(*) AS epochs, max(epoch) AS last,"
    "   min(test_error) AS lowest FROM epochs WHERE run_id BETWEEN ?1 AND ?2"
    "   GROUP BY run_id, attempt) e"
    "  ON e.run_id = r.id AND e.attempt = r.attempt AND r.state = 'done'"
    " WHERE r.id BETWEEN ?1 AND ?2 ORDER BY r.id";

struct CheckedRun {
  int64_t id = 0;
  std::string key;
  std::string state;
  int64_t attempt = 0;
  int64_t seed = 0;
  std::optional<double> error, best_error, started_at, finished_at;
  std::string owner;
  double lease_expires = 0;
  std::string host;
  int64_t dataset = 0;
  std::string fingerprint, model, recipe;  // natural keys
  bool trained = false;                    // here: not imported
  int64_t wanted_epochs = 0;               // 0 = unknown
  bool has_attempt = false;
  std::string outcome, attempt_owner;  // "" = none
  int64_t epochs = 0, last_epoch = 0;
  std::optional<double> lowest, last_error;

  bool has_result() const {
    return state == "done" || state == "diverged" || state == "out_of_memory";
  }
};

CheckedRun ReadCheckedRun(const sqlite::Statement& row) {
  CheckedRun run;
  run.id = row.Int(0);
  run.key = row.Text(1);
  run.state = row.Text(2);
  run.attempt = row.Int(3);
  run.seed = row.Int(4);
  run.error = row.OptionalReal(5);
  run.best_error = row.OptionalReal(6);
  run.started_at = row.OptionalReal(7);
  run.finished_at = row.OptionalReal(8);
  run.owner = row.Text(9);
  run.lease_expires = row.Real(10);
  run.host = row.Text(11);
  run.dataset = row.Int(12);
  run.fingerprint = row.Text(13);
  run.model = row.Text(14);
  run.recipe = row.Text(15);
  run.trained = row.Int(16) != 0;
  run.wanted_epochs = row.Int(17);
  run.has_attempt = row.Int(18) != 0;
  run.outcome = row.Text(19);
  run.attempt_owner = row.Text(20);
  run.epochs = row.Int(21);
  run.last_epoch = row.Int(22);
  run.lowest = row.OptionalReal(23);
  run.last_error = row.OptionalReal(24);
  return run;
}

bool IsShard(sqlite::Connection& connection) {
  return connection.QueryInt("SELECT count(*) FROM sqlite_master WHERE name = 'shard'") > 0 &&
         connection.QueryInt("SELECT count(*) FROM shard") > 0;
}

class RunCheck {
 public:
  RunCheck(sqlite::Connection& connection, Findings& found)
      : found_(found),
        adoption_(connection.QueryInt("PRAGMA user_version") >= 3),
        is_shard_(IsShard(connection)),
        row_(connection, kSelectRuns),
        data_uri_(connection, adoption_ ? "SELECT data_uri IS NOT NULL FROM runs WHERE id = ?"
                                        : "SELECT 0 FROM runs WHERE id = ?"),
        twin_(connection,
              "SELECT t.id FROM runs r JOIN runs t ON t.model_id = r.model_id"
              " AND t.recipe_id = r.recipe_id AND t.dataset_id = r.dataset_id"
              " AND t.seed = r.seed AND t.id <> r.id WHERE r.id = ? LIMIT 1") {}

  int64_t Look(int64_t first, int64_t last) {
    int64_t runs = 0;
    for (row_.Bind(first, last); row_.Step(); ++runs) Check(ReadCheckedRun(row_));
    return runs;
  }

 private:
  void Check(const CheckedRun& run) {
    if (std::ranges::none_of(kRunStateWords,
                             [&](const Word<RunState>& word) { return run.state == word.text; })) {
      return Tell(run, "is in the state '" + run.state + "', which there is not", kRestoreCopy);
    }
    if (run.trained) {
      CheckRunKey(run);
      CheckAttempt(run);
      if (run.state == "done") CheckEpochs(run);
    }
    if (run.state == "running") CheckClaim(run);
    if (run.has_result() && run.started_at && run.finished_at &&
        *run.finished_at < *run.started_at) {
      Tell(run, "ended before it began: the clock of " + run.host + " was set back meanwhile",
           "its times and seconds mean nothing; see to that clock");
    }
  }

  // Runs that were taken over with their dataset keep the key they had; they are older than any
  // run of the dataset as it is known now, and have the URI of before until they are trained again.
  // In a shard runs have the order of its plan.
  void CheckRunKey(const CheckedRun& run) {
    const std::string expected =
        RunKey(run.model, run.recipe, run.fingerprint, static_cast<uint64_t>(run.seed));
    if (run.key == expected) {
      current_.insert(run.dataset);
      return;
    }
    // Of two runs of the same, one at most has the key.
    if (const int64_t twin = First(twin_, run.id); twin != 0) {
      Tell(run, "is of the same network, recipe, data and seed as run " + std::to_string(twin),
           "'dse runs forget --run " + std::to_string(run.id) + "' removes it");
      return;
    }
    if ((is_shard_ || !current_.contains(run.dataset)) && MayBeTakenOver(run)) return;
    Tell(run, "its key is not that of its network, recipe, data and seed, " + expected,
         kRestoreCopy);
  }

  bool MayBeTakenOver(const CheckedRun& run) {
    if (!adoption_) return false;
    return run.attempt > 0 || First(data_uri_, run.id) != 0;
  }

  // The number that a query of one run tells, 0 without one. It ends its hold on the file.
  static int64_t First(sqlite::Statement& query, int64_t run_id) {
    int64_t number = 0;
    for (query.Bind(run_id); query.Step();) number = query.Int(0);
    return number;
  }

  void CheckAttempt(const CheckedRun& run) {
    if (run.has_result() || run.state == "running") {
      if (!run.has_attempt) {
        Tell(run, "is " + run.state + ", but has no attempt " + std::to_string(run.attempt),
             kRestoreCopy);
        return;
      }
    }
    const bool right = !run.has_result() || run.outcome == run.state;
    const bool open = run.state != "running" || run.outcome.empty();
    if (!right || !open) {
      Tell(run,
           "is " + run.state + ", but its attempt " + std::to_string(run.attempt) + " is " +
               (run.outcome.empty() ? "open" : run.outcome),
           kRestoreCopy);
    } else if (run.state == "running" && run.attempt_owner != run.owner) {
      Tell(run, "is held by another process than its attempt", kRestoreCopy);
    }
  }

  void CheckEpochs(const CheckedRun& run) {
    if (!run.has_attempt) return;  // told already
    if (run.epochs == 0) {
      Tell(run, "is done, but has no epochs", RetryCommand(run.id));
      return;
    }
    const int64_t wanted = run.wanted_epochs > 0 ? run.wanted_epochs : run.last_epoch;
    if (run.epochs != run.last_epoch || run.last_epoch != wanted) {
      Tell(run,
           "is done, but has " + std::to_string(run.epochs) + " of " + std::to_string(wanted) +
               " epochs",
           RetryCommand(run.id));
    }
    Compare(run, "error", run.error, "its last epoch has", run.last_error);
    if (run.best_error) {
      Compare(run, "best_error", run.best_error, "the lowest of its epochs is", run.lowest);
    }
  }

  void Compare(const CheckedRun& run, const std::string& name, const std::optional<double>& stored,
               const std::string& other, const std::optional<double>& expected) {
    if (stored == expected) return;
    Tell(run,
         "its " + name + " is " + FormatDouble(stored.value_or(0)) + ", but " + other + " " +
             (expected ? FormatDouble(*expected) : "none"),
         RetryCommand(run.id));
  }

  void CheckClaim(const CheckedRun& run) {
    const double left = run.lease_expires - sqlite::Now();
    const std::string remedy = "the next 'dse train' of it takes it over, 'dse runs retry --run " +
                               std::to_string(run.id) + "' gives it back now";
    if (Owner::FromToken(run.owner).CertainlyDead()) {
      Tell(run, "is held by a process of " + run.host + " that has ended", remedy);
    } else if (left < 0) {
      Tell(run,
           "is held by " + run.host + ", which gave no sign of life since its lease ran out " +
               FormatDuration(-left) + " ago",
           remedy);
    } else if (left > kDay) {
      Tell(run,
           "is held by " + run.host + " for another " + FormatDuration(left) +
               ": the clock of that host, or of this one, is wrong",
           "if nothing trains it, 'dse runs cancel --run " + std::to_string(run.id) +
               "' and 'dse runs retry' give it back");
    }
  }

  void Tell(const CheckedRun& run, const std::string& what, const std::string& remedy) const {
    found_({RunName(run.id, run.key), what, remedy});
  }

  Findings& found_;
  bool adoption_;  // data of before may have been taken over
  bool is_shard_;
  std::unordered_set<int64_t> current_;  // datasets with a run whose key is of their fingerprint
  sqlite::Statement row_;
  sqlite::Statement data_uri_;
  sqlite::Statement twin_;
};

}  // namespace

int64_t CheckRuns(sqlite::Connection& connection, Findings& found) {
  RunCheck check(connection, found);
  int64_t runs = 0;
  ForPages(connection, "runs", found,
           [&](int64_t first, int64_t last) { runs += check.Look(first, last); });
  return runs;
}

// An attempt that others ended (lost, or released by a cancel) has times of two clocks.
void CheckAttempts(sqlite::Connection& connection, Findings& found) {
  sqlite::Statement row(
      connection,
      "SELECT r.id, r.key, a.attempt, a.outcome IS NULL, a.host FROM runs r"
      " JOIN attempts a ON a.run_id = r.id WHERE r.id BETWEEN ? AND ?"
      " AND ((a.outcome IS NULL AND NOT (r.state = 'running' AND r.attempt = a.attempt))"
      "  OR (a.ended_at < a.started_at AND a.outcome NOT IN ('lost', 'released')"
      "   AND NOT (r.attempt = a.attempt AND r.state IN ('done', 'diverged', 'out_of_memory'))))"
      " ORDER BY r.id, a.attempt");
  ForPages(connection, "runs", found, [&](int64_t first, int64_t last) {
    for (row.Bind(first, last); row.Step();) {
      const std::string where = RunName(row.Int(0), row.Text(1));
      const std::string attempt = "its attempt " + row.Text(2);
      if (row.Int(3) != 0) {
        found({where, attempt + " was never ended, though nobody holds it", kRestoreCopy});
      } else {
        found({where,
               attempt + " ended before it began: the clock of " + row.Text(4) +
                   " was set back meanwhile",
               "its times mean nothing; see to that clock"});
      }
    }
  });
}

namespace {

void CheckEmptySeries(sqlite::Connection& connection, Findings& found) {
  // An imported series may have members whose runs were not ended where they come from.
  sqlite::Statement row(
      connection,
      "SELECT p.name, c.name, d.uri FROM series s"
      " JOIN populations p ON p.id = s.population_id"
      " JOIN recipes c ON c.id = s.recipe_id JOIN datasets d ON d.id = s.dataset_id"
      " WHERE p.origin <> 'imported' AND NOT EXISTS"
      " (SELECT 1 FROM series_runs l WHERE l.series_id = s.id) ORDER BY s.id");
  while (row.Step()) {
    found({"series '" + row.Text(0) + "', '" + row.Text(1) + "', " + row.Text(2), "has no runs",
           "'dse train' of that population plans them"});
  }
}

}  // namespace

void CheckSeries(sqlite::Connection& connection, Findings& found) {
  CheckEmptySeries(connection, found);
  sqlite::Statement link(
      connection,
      "SELECT r.id, r.key, m.idx, CASE WHEN m.population_id <> s.population_id THEN 'population'"
      "  WHEN r.dataset_id <> s.dataset_id THEN 'dataset'"
      "  WHEN r.model_id IS NOT m.model_id THEN 'network' ELSE 'recipe' END"
      " FROM series_runs l JOIN series s ON s.id = l.series_id JOIN members m ON m.id = l.member_id"
      " JOIN runs r ON r.id = l.run_id WHERE l.run_id BETWEEN ? AND ?"
      " AND (m.population_id <> s.population_id OR r.dataset_id <> s.dataset_id"
      "  OR r.model_id IS NOT m.model_id"
      "  OR (m.lr IS NULL AND m.weight_decay IS NULL AND r.recipe_id <> s.recipe_id))"
      " ORDER BY r.id, l.series_id, l.member_id");
  sqlite::Statement alone(connection,
                          "SELECT id, key FROM runs r WHERE id BETWEEN ? AND ? AND NOT EXISTS"
                          " (SELECT 1 FROM series_runs l WHERE l.run_id = r.id) ORDER BY id");
  ForPages(connection, "runs", found, [&](int64_t first, int64_t last) {
    for (link.Bind(first, last); link.Step();) {
      found({RunName(link.Int(0), link.Text(1)),
             "is taken for a run of member " + link.Text(2) + ", whose series has another " +
                 link.Text(3),
             kRestoreCopy});
    }
    for (alone.Bind(first, last); alone.Step();) {
      found({RunName(alone.Int(0), alone.Text(1)), "is in no series, so nothing shows it",
             "'dse runs forget --run " + alone.Text(0) + "' removes it"});
    }
  });
}

}  // namespace dse
