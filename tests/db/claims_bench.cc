// Load on a results file, without training. Prints a line a measurement, with times in
// milliseconds.
//   dse_claims_bench make FILE REPEATS DONE EPOCHS   plans REPEATS runs of every network in FILE,
//   as
//       `dse train --data synthetic --recipe smoke --repeats REPEATS` does, and writes the first
//       DONE of them as done, with EPOCHS epochs each
//   dse_claims_bench work FILE PROCESSES             that many processes claim every pending run,
//       store an epoch and finish it; exit 1 unless each run was claimed once and all are done
//   dse_claims_bench times FILE REPEATS              plan, count, first and later claims, finishes

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/parallel.h"
#include "db/claims.h"
#include "db/database.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/run_set.h"
#include "db/sqlite/connection.h"
#include "runner/data/dataset.h"
#include "runner/training/recipe.h"
#include "runner/work/plan.h"

namespace dse {
namespace {

constexpr int kFinishes = 200;  // of which the times are told

template <typename Action>
auto Timed(const std::string& what, Action action) {
  const Clock::time_point start = Clock::now();
  auto result = action();
  std::printf("%-38s %12.3f ms\n", what.c_str(), 1e3 * SecondsSince(start));
  std::fflush(stdout);
  return result;
}

WantedRuns Wanted(Database& db, int repeats) {
  const std::vector<StoredMember> members = LoadMembers(db, {});
  const std::unique_ptr<Dataset> data = OpenDataset("synthetic", AllThreads());
  return MakePlan(members, LoadRecipe("smoke"), data->info(), 0, repeats);
}

ClaimRequest Request(const RunSet& runs) {
  ClaimRequest request;
  request.run_ids = runs;
  request.host = "here";
  request.device = "cpu";
  return request;
}

FinishedRun Result(int64_t id) {
  FinishedRun result;
  result.error = result.best_error = double(id % 100);
  result.seconds = 1;
  return result;
}

int Make(const std::string& path, int repeats, int64_t done, int epochs) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  const PlanSummary plan = PlanRuns(db, Wanted(db, repeats));
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const std::string first =
      "id IN (SELECT id FROM runs ORDER BY id LIMIT " + std::to_string(done) + ")";
  connection.Execute(
      "UPDATE runs SET state = 'done', error = id % 100, best_error = id % 100, attempt = 1,"
      " seconds = 1, host = 'here', device = 'cpu', started_at = id, finished_at = id + 1 WHERE " +
      first);
  connection.Execute(
      "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at, ended_at, outcome)"
      " SELECT id, 1, 'x', 'here', 'cpu', id, id + 1, 'done' FROM runs WHERE " +
      first);
  if (epochs > 0) {
    connection.Execute("WITH RECURSIVE e(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM e WHERE n < " +
                       std::to_string(epochs) +
                       ") INSERT INTO epochs SELECT id, 1, n, 0.1, 1.0 / n, 50.0 / n, 1.5 / n,"
                       " 60.0 / n, 1 FROM runs, e WHERE " +
                       first);
  }
  transaction.Commit();
  std::printf("%zu runs, %lld of them done\n", plan.run_ids.size(), static_cast<long long>(done));
  return 0;
}

// A process that claims until nothing is left and writes down what it had.
void ClaimAll(const std::string& path, const std::string& log, const std::vector<int64_t>& ids) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  const RunSet runs(ids);
  const Owner owner = Owner::ThisProcess();
  std::ofstream out(log);
  double longest = 0;
  while (true) {
    const Clock::time_point start = Clock::now();
    const std::optional<ClaimedRun> run = ClaimNext(db, owner, Request(runs));
    longest = std::max(longest, SecondsSince(start));
    if (!run) break;
    out << run->run_id << '\n';
    if (!RecordEpoch(db, *run, {1, 0.1}) || !FinishRun(db, *run, Result(run->run_id))) {
      throw Error("run " + std::to_string(run->run_id) + " was lost");
    }
  }
  out << "longest " << longest << '\n';
}

bool AllEndedWell(const std::vector<pid_t>& children) {
  bool well = true;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return well;
}

pid_t StartChild(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child != 0) return child;
  try {
    action();
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    _exit(1);
  }
  _exit(0);
}

std::vector<int64_t> PendingRuns(const std::string& path) {
  Database db = Database::Open(path, OpenMode::kReadOnly);
  sqlite::Statement row(db.impl().connection,
                        "SELECT id FROM runs WHERE state = 'pending' ORDER BY id");
  std::vector<int64_t> ids;
  while (row.Step()) ids.push_back(row.Int(0));
  return ids;
}

int Work(const std::string& path, int processes) {
  const std::vector<int64_t> ids = PendingRuns(path);
  const Clock::time_point start = Clock::now();
  std::vector<pid_t> children;
  std::vector<std::string> logs;
  for (int i = 0; i < processes; ++i) {
    logs.push_back(path + ".claims" + std::to_string(i));
    children.push_back(StartChild([&] { ClaimAll(path, logs.back(), ids); }));
  }
  const bool well = AllEndedWell(children);
  const double seconds = SecondsSince(start);
  std::multiset<int64_t> claimed;
  double longest = 0;
  for (const std::string& log : logs) {
    std::ifstream in(log);
    for (std::string word; in >> word;) {
      if (word == "longest") {
        double value = 0;
        in >> value;
        longest = std::max(longest, value);
      } else {
        claimed.insert(std::stoll(word));
      }
    }
    std::filesystem::remove(log);
  }
  const bool once = claimed == std::multiset<int64_t>(ids.begin(), ids.end());
  Database db = Database::Open(path, OpenMode::kReadOnly);
  const int64_t done = CountRuns(db, ids).states[RunState::kDone];
  std::printf(
      "%d processes: %zu runs claimed and finished in %.1f s, %.0f runs/s; longest claim %.2f s;"
      " %s\n",
      processes, ids.size(), seconds, double(ids.size()) / seconds, longest,
      !well                         ? "a process failed"
      : !once                       ? "not each run once"
      : done != int64_t(ids.size()) ? "not all done"
                                    : "each claimed once, all done");
  return well && once && done == int64_t(ids.size()) ? 0 : 1;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

int Times(const std::string& path, int repeats) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  const WantedRuns wanted = Timed("make the plan", [&] { return Wanted(db, repeats); });
  Timed("count the plan in the file", [&] { return CountRuns(db, wanted); });
  const PlanSummary plan = Timed("store the plan", [&] { return PlanRuns(db, wanted); });
  Timed("count for progress", [&] { return CountRuns(db, plan.run_ids); });
  const RunSet runs(plan.run_ids);
  const Owner owner = Owner::ThisProcess();
  std::optional<ClaimedRun> run =
      Timed("first claim", [&] { return ClaimNext(db, owner, Request(runs)); });
  std::vector<double> claims, epochs, finishes;
  for (int i = 0; i < kFinishes && run; ++i) {
    Clock::time_point start = Clock::now();
    RecordEpoch(db, *run, {1, 0.1});
    epochs.push_back(SecondsSince(start));
    start = Clock::now();
    FinishRun(db, *run, Result(run->run_id));
    finishes.push_back(SecondsSince(start));
    start = Clock::now();
    run = ClaimNext(db, owner, Request(runs));
    claims.push_back(SecondsSince(start));
  }
  if (claims.empty()) throw Error("no run is left to claim");
  std::printf("%-38s %12.3f ms\n", "a later claim", 1e3 * Median(claims));
  std::printf("%-38s %12.3f ms\n", "an epoch", 1e3 * Median(epochs));
  std::printf("%-38s %12.3f ms\n", "a finish", 1e3 * Median(finishes));
  return 0;
}

int Main(const std::vector<std::string>& args) {
  const auto number = [&](size_t i) { return std::stoi(args.at(i)); };
  if (args.size() == 5 && args[0] == "make") return Make(args[1], number(2), number(3), number(4));
  if (args.size() == 3 && args[0] == "work") return Work(args[1], number(2));
  if (args.size() == 3 && args[0] == "times") return Times(args[1], number(2));
  std::fprintf(stderr,
               "usage: dse_claims_bench make FILE REPEATS DONE EPOCHS | work FILE PROCESSES"
               " | times FILE REPEATS\n");
  return 2;
}

}  // namespace
}  // namespace dse

int main(int argc, char** argv) {
  try {
    return dse::Main({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    return 1;
  }
}
