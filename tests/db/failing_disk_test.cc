#include "tests/db/failing_disk.h"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "db/epochs.h"
#include "db/giving_back.h"
#include "db/run_changes.h"
#include "db/verify.h"
#include "tests/db/fixtures.h"
#include "tests/db/run_study.h"
#include "tests/support/sanitized.h"

namespace dse::failing_disk_test {
namespace {

namespace fs = std::filesystem;
using Call = FailingDisk::Call;
using Failure = FailingDisk::Failure;

// What a file says, but for times.
std::string Describe(const std::string& path) {
  sqlite::Connection connection(path, sqlite::Access::kReadWrite);
  std::string text;
  for (
      const char* query :
      {"SELECT group_concat(id || state || attempt || failures || losses || coalesce(error, '-') ||"
       " (owner IS NULL), ' ') FROM runs",
       "SELECT group_concat(run_id || '.' || attempt || coalesce(outcome, '-'), ' ') FROM attempts",
       "SELECT group_concat(run_id || '.' || attempt || '.' || epoch || '=' || test_error, ' ')"
       " FROM epochs",
       "SELECT count(*) || ' ' || (SELECT count(*) FROM models) || ' ' ||"
       " (SELECT count(*) FROM series_runs) FROM members"}) {
    text += connection.QueryText(query) + "\n";
  }
  return text;
}

// Something that is done to a file which is `prepared`.
struct Scenario {
  const char* name;
  std::function<void(const std::string& path)> prepare;
  std::function<void(const std::string& path)> act;
};

struct Fault {
  Call call;
  int code;
};
constexpr Fault kFaults[] = {
    {Call::kWrite, SQLITE_FULL},       {Call::kWrite, SQLITE_IOERR_WRITE},
    {Call::kSync, SQLITE_IOERR_FSYNC}, {Call::kTruncate, SQLITE_IOERR_TRUNCATE},
    {Call::kOpen, SQLITE_CANTOPEN},    {Call::kDelete, SQLITE_IOERR_DELETE}};

EpochRecord Epoch(int number, double error) {
  EpochRecord epoch;
  epoch.epoch = number;
  epoch.lr = 0.1;
  epoch.test_error = error;
  return epoch;
}

std::vector<int64_t> AllRuns(Database& db) {
  std::vector<int64_t> ids;
  sqlite::Statement row(db.impl().connection, "SELECT id FROM runs ORDER BY id");
  while (row.Step()) ids.push_back(row.Int(0));
  return ids;
}

// The run in the hands of this process.
ClaimedRun Held(Database& db) {
  ClaimedRun run;
  sqlite::Statement row(db.impl().connection,
                        "SELECT id, attempt, owner FROM runs WHERE state = 'running'");
  REQUIRE(row.Step());
  run.run_id = row.Int(0);
  run.attempt = row.Int(1);
  run.token = row.Text(2);
  return run;
}

void Claim(const std::string& path) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  ClaimNext(db, Owner::ThisProcess(), Request(AllRuns(db)));
}

void Study(const std::string& path) { MakeStudy(path, 3); }
void Claimed(const std::string& path) {
  Study(path);
  Claim(path);
}
void Trained(const std::string& path) {
  Claimed(path);
  Database db = Database::Open(path, OpenMode::kReadWrite);
  for (int epoch = 1; epoch <= 2; ++epoch) RecordEpoch(db, Held(db), Epoch(epoch, 50));
}
void Finish(const std::string& path) {
  Database db = Database::Open(path, OpenMode::kReadWrite);
  FinishRun(db, Held(db), Done(50));
}
void Finished(const std::string& path) {
  Trained(path);
  Finish(path);
}
RunFilter Everything() { return {}; }

const Scenario kScenarios[] = {
    {"a population is stored",
     [](const std::string& path) { Database::Open(path, OpenMode::kCreate); },
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       StorePopulation(db, MakePopulation("p"), MakeDraws(40));
     }},
    {"runs are planned", Finished,
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       PlanRuns(db, MakeWanted(db, "p", 20));
     }},
    {"a run is claimed", Study, Claim},
    {"an epoch is stored", Claimed,
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       RecordEpoch(db, Held(db), Epoch(1, 50));
     }},
    {"a run is finished", Trained, Finish},
    {"a run is given back", Claimed,
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       ReleaseRun(db, Held(db), "no disk");
     }},
    {"a done run is retried", Finished,
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       RunFilter filter;
       filter.states = {RunState::kDone};
       RetryRuns(db, filter);
     }},
    {"runs are forgotten", Finished,
     [](const std::string& path) {
       Database db = Database::Open(path, OpenMode::kReadWrite);
       ForgetRuns(db, Everything());
     }},
};

// A sentence with the file in it, and none that leaves its reader alone with SQLite's words.
void CheckSentence(const std::string& message, const std::string& path) {
  CHECK_THAT(message, Catch::StartsWith(path + ": "));
  CHECK_THAT(message, Catch::Contains("the disk is full; free some space") ||
                          Catch::Contains("the disk could not be read or written") ||
                          Catch::Contains("cannot be opened"));
}

void CheckSound(const std::string& path) {
  Database db = Database::Open(path, OpenMode::kReadOnly);
  CHECK(VerifyRows(db, [](const Finding& finding) { FAIL_CHECK(finding.Line("")); }).sound);
}

// What the database says before a scenario acts and after.
struct Described {
  std::string before, after;
};

// Lets the nth call fail while the scenario acts on a copy of `prepared`. False where it makes
// fewer calls.
bool FailOne(FailingDisk& disk, const Scenario& scenario, const TempFolder& folder,
             const Described& described, const Fault& fault, Failure failure, int64_t nth) {
  const auto& [before, after] = described;
  const std::string path = folder / "copy.db";
  fs::remove(path);
  fs::remove(path + "-journal");
  fs::copy_file(folder / "prepared.db", path);
  disk.FailAt(fault.call, nth, fault.code, failure);
  const std::string message = MessageOf([&] { scenario.act(path); });
  if (!disk.Stop()) return false;
  CAPTURE(scenario.name, static_cast<int>(fault.call), fault.code, static_cast<int>(failure), nth,
          message);
  if (!message.empty()) CheckSentence(message, path);
  CheckSound(path);
  const std::string now = Describe(path);
  CHECK((now == before || now == after));
  if (message.empty()) CHECK(now == after);
  if (now == before) scenario.act(path);
  CHECK(Describe(path) == after);
  return true;
}

TEST_CASE(
    "whatever call to the disk fails, a change is made whole or not at all, and can be made "
    "again",
    "[fault]") {
  FailingDisk disk;
  int64_t failures = 0;
  for (const Scenario& scenario : kScenarios) {
    const TempFolder folder;
    scenario.prepare(folder / "prepared.db");
    fs::copy_file(folder / "prepared.db", folder / "acted.db");
    scenario.act(folder / "acted.db");
    const Described described{Describe(folder / "prepared.db"), Describe(folder / "acted.db")};
    for (const Fault& fault : kFaults) {
      for (const Failure failure : {Failure::kOnce, Failure::kFromThenOn}) {
        for (int64_t nth = 1; FailOne(disk, scenario, folder, described, fault, failure, nth);
             nth += kEveryPlace) {
          ++failures;
        }
      }
    }
  }
  CHECK(failures > 500 / kEveryPlace);
}

}  // namespace
}  // namespace dse::failing_disk_test
