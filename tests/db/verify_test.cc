#include "db/verify.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "db/epochs.h"
#include "db/exchange/csv_import.h"
#include "tests/db/fixtures.h"
#include "tests/db/run_study.h"

namespace dse::verify_test {
namespace {

std::vector<std::string> Verify(const std::string& path, bool deep = false) {
  std::vector<std::string> lines;
  Database db = Database::Open(path, OpenMode::kObserve);
  VerifyRows(
      db, [&](const Finding& finding) { lines.push_back(finding.Line("F")); }, deep);
  return lines;
}

// Three runs: the first is done after its two epochs, the second is in our hands, the third waits.
struct VerifiedStudy : HeldStudy {
  VerifiedStudy() : HeldStudy(3) {
    const ClaimedRun first = Claim();
    for (int epoch = 1; epoch <= 2; ++epoch) {
      EpochRecord record;
      record.epoch = epoch;
      record.lr = 0.1;
      record.test_error = 50.0 - epoch;
      RecordEpoch(db, first, record);
    }
    FinishedRun done = Done(48);
    FinishRun(db, first, done);
    Claim();
    key = Column(db, "SELECT key FROM runs WHERE id = 1");
  }
  std::vector<std::string> After(const std::string& sql) {
    sqlite::Connection other(path, sqlite::Access::kReadWrite);
    other.Execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; " + sql);
    return Verify(path);
  }
  std::string key;
};

TEST_CASE("nothing is found in a sound file, whatever its runs' states", "[verify]") {
  VerifiedStudy study;
  CHECK(Verify(study.path).empty());
}

TEST_CASE("each kind of damage in the rows is found, and nothing else", "[verify]") {
  struct Damage {
    const char* sql;
    std::vector<const char*> findings;
  };
  const Damage damages[] = {
      {"UPDATE spaces SET document = '{}'",
       {"F: space 'RegNetX' (", "F: population 'p' ("}},  // a population's key has its space
      {"UPDATE populations SET seed = 2", {"F: population 'p' ("}},
      {"UPDATE models SET flops = flops + 1 WHERE id = 2",
       {"its flops is 4768075, but 4768074 by its spec; correct it with sqlite3: UPDATE models SET "
        "flops = '4768074' WHERE hash = "}},
      {"UPDATE models SET depth = 9 WHERE id = 2", {"its depth is 9, but 3 by its spec"}},
      {"UPDATE models SET stem = 'simple' WHERE id = 2", {"its stem is simple, but cifar"}},
      {"UPDATE models SET spec = replace(spec, '\"depths\":[1,2]', '\"depths\":[1,3]') WHERE id = "
       "2",
       {"its hash is not that of its spec, "}},
      {"UPDATE models SET spec = '[]' WHERE id = 2", {"its spec is no network: spec"}},
      {"UPDATE stages SET width = 8 WHERE model_id = 2 AND stage = 2",
       {"its stages are not those of its spec"}},
      {"DELETE FROM stages WHERE model_id = 2 AND stage = 1",
       {"its stages are not those of its spec"}},
      {"UPDATE members SET lr = 0.5 WHERE idx = 1",
       {"F: member 1 of population 'p' (", "its key is not that of its contents"}},
      {"UPDATE runs SET key = '0123456789abcdef' WHERE id = 3",
       {"F: run 3 (0123456789abcdef): its key is not that of its network, recipe, data and seed"}},
      {"UPDATE runs SET seed = 7 WHERE id = 2", {"F: run 2 ("}},
      {"UPDATE runs SET error = 47, best_error = 47 WHERE id = 1; DELETE FROM epochs WHERE epoch = "
       "3;"
       "UPDATE epochs SET test_error = 47 WHERE epoch = 1",
       {"its error is 47, but its last epoch has 48; 'dse runs retry --run 1'"}},
      {"UPDATE runs SET best_error = 12 WHERE id = 1",
       {"its best_error is 12, but the lowest of its epochs is 48"}},
      {"DELETE FROM epochs", {"F: run 1 (", "is done, but has no epochs"}},
      {"DELETE FROM epochs WHERE epoch = 1", {"is done, but has 1 of 2 epochs"}},
      {"UPDATE attempts SET outcome = 'released' WHERE run_id = 1",
       {"is done, but its attempt 1 is released"}},
      {"UPDATE attempts SET outcome = 'lost', ended_at = 9e9 WHERE run_id = 2",
       {"is running, but its attempt 1 is lost"}},
      {"UPDATE attempts SET owner = 'x' WHERE run_id = 2",
       {"is held by another process than its attempt"}},
      {"UPDATE runs SET lease_expires = 1000 WHERE id = 2",
       {"is held by here, which gave no sign of life since its lease ran out "}},
      {"UPDATE runs SET lease_expires = lease_expires + 200000 WHERE id = 2",
       {"is held by here for another 55h", "the clock of that host, or of this one, is wrong"}},
      {"UPDATE runs SET state = 'pending', owner = NULL, lease_expires = NULL WHERE id = 2",
       {"F: run 2 (", "its attempt 1 was never ended, though nobody holds it"}},
      {"UPDATE runs SET finished_at = 5, started_at = 6 WHERE id = 1",
       {"ended before it began: the clock of here was set back meanwhile"}},
      {"DELETE FROM series_runs WHERE run_id = 3", {"F: run 3 (", "is in no series"}},
      {"DELETE FROM series_runs; DELETE FROM attempts; DELETE FROM epochs; DELETE FROM runs",
       {"F: series 'p', 'cifar', folder:/data: has no runs"}},
      {"UPDATE series_runs SET member_id = 2 WHERE run_id = 3",
       {"F: run 3 (", "is taken for a run of member 1, whose series has another network"}},
      {"UPDATE runs SET model_id = 99 WHERE id = 3",
       {"F: table runs: row 3 belongs to a row of models that is not there", "F: run 3 (",
        "is taken for a run of member 2"}},
      {"UPDATE runs SET state = 'asleep' WHERE id = 3",
       {"F: run 3 (", "is in the state 'asleep', which there is not"}},
      {"INSERT INTO runs(key, model_id, recipe_id, dataset_id, seed) SELECT 'fedcba9876543210',"
       " model_id, recipe_id, dataset_id, seed FROM runs WHERE id = 3;"
       "INSERT INTO series_runs SELECT series_id, member_id, 4 FROM series_runs WHERE run_id = 3",
       {"F: run 4 (fedcba9876543210): is of the same network, recipe, data and seed as run 3; 'dse "
        "runs forget --run 4' removes it"}},
  };
  for (const Damage& damage : damages) {
    VerifiedStudy study;
    CAPTURE(damage.sql);
    const std::vector<std::string> lines = study.After(damage.sql);
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    INFO(text);
    for (const char* finding : damage.findings) CHECK_THAT(text, Catch::Contains(finding));
    CHECK(lines.size() <= damage.findings.size());
    CHECK(!lines.empty());
  }
}

TEST_CASE("a deep look finds an index that does not hold what its table does", "[verify]") {
  VerifiedStudy study;
  CHECK(Verify(study.path, true).empty());
  CHECK(study
            .After("CREATE TABLE x(a); CREATE INDEX x_a ON x(a); PRAGMA writable_schema = ON;"
                   "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
                   " WHERE name = 'members_model') WHERE name = 'x_a'")
            .empty());
  const std::vector<std::string> lines = Verify(study.path, true);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines.front(), Catch::Contains("F: SQLite finds damage: wrong # of entries in index "
                                            "x_a; restore the file"));
}

TEST_CASE("the file is not locked while findings are told", "[verify]") {
  VerifiedStudy study;
  study.After(
      "UPDATE models SET flops = 7; UPDATE runs SET error = 1, best_error = 1 WHERE id = 1;"
      "UPDATE spaces SET document = '{}'; UPDATE runs SET lease_expires = 1 WHERE id = 2");
  Database db = Database::Open(study.path, OpenMode::kObserve);
  LockWait none;
  none.seconds = 0;
  int told = 0;
  VerifyRows(db, [&](const Finding&) {
    sqlite::Connection writer(study.path, sqlite::Access::kReadWrite, none);
    writer.Execute("BEGIN EXCLUSIVE; COMMIT");
    ++told;
  });
  CHECK(told > 5);
}

TEST_CASE("a claim whose owner has ended is found while its lease still runs", "[verify]") {
  TempFolder folder;
  const std::string path = folder / "a.db";
  const std::vector<int64_t> runs = MakeStudy(path, 1);
  REQUIRE(WaitForChild(StartChild([&] {
            Database db = Database::Open(path, OpenMode::kReadWrite);
            ClaimNext(db, Owner::ThisProcess(), Request(runs));
          })) == 0);
  const std::vector<std::string> lines = Verify(path);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines.front(), Catch::Contains("F: run 1 (") &&
                                Catch::Contains("is held by a process of here that has ended; the "
                                                "next 'dse train' of it takes it over"));
}

TEST_CASE("a lost attempt may have ended before it began, by the clocks of two hosts", "[verify]") {
  HeldStudy study(1);
  study.Claim(0);
  sqlite::Connection other(study.path, sqlite::Access::kReadWrite);
  other.Execute(
      "UPDATE runs SET state = 'pending', owner = NULL, lease_expires = NULL;"
      "UPDATE attempts SET outcome = 'lost', ended_at = started_at - 3600");
  CHECK(Verify(study.path).empty());
  other.Execute("UPDATE attempts SET outcome = 'failed'");
  CHECK(Verify(study.path).size() == 1);
}

TEST_CASE("nothing is found in the stored file of any schema, which stays as it is", "[verify]") {
  for (const char* name : {"results-v1.db", "results-v2.db", "results-v3.db"}) {
    CAPTURE(name);
    TempFolder folder;
    const std::string path = folder / name;
    std::filesystem::copy_file(std::string(DSE_TEST_DATA "/") + name, path);
    const auto read = [&] {
      std::ifstream in(path, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(in), {});
    };
    const std::string before = read();
    for (const std::string& line : Verify(path)) FAIL_CHECK(line);
    CHECK((before == read()));
    { Database::Open(path, OpenMode::kReadWrite); }
    for (const std::string& line : Verify(path)) FAIL_CHECK(line);
  }
}

TEST_CASE("nothing is found in an imported study: networks unknown, runs without epochs",
          "[verify]") {
  VerifiedStudy study;
  const std::string model = R"("{""block"":""V"",""depths"":[1],""widths"":[8]}")";
  const std::string text =
      "population,model,error,state,seed,name,flops,recipe\n"
      "q," +
      model + ",40,done,,,,\nq," + model +
      ",41,done,,,,\n"
      "q,,42,done,3,resnet,100,r\nq,,,failed,,vit,200,r\nq,,43,done,,,300,r\n"
      "open," +
      model + ",,pending,,,,\n";
  ImportRows(study.db, ParseCsvImport(text, "f.csv", ErrorUnit::kPercent), "f.csv");
  REQUIRE(Column(study.db, "SELECT count(*) FROM runs") == "8");
  for (const std::string& line : Verify(study.path)) FAIL_CHECK(line);
}

TEST_CASE("runs taken over with an older dataset keep their keys, which is no finding",
          "[verify]") {
  VerifiedStudy study;
  WantedRuns wanted = MakeWanted(study.db, "p", 2);
  wanted.dataset.old_fingerprint = wanted.dataset.fingerprint;
  wanted.dataset.fingerprint = "0011223344556677";
  REQUIRE(PlanRuns(study.db, wanted).adopted);
  CHECK(Verify(study.path).empty());
  // Of a younger run the key is known.
  const std::vector<std::string> lines =
      study.After("UPDATE runs SET key = '0123456789abcdef' WHERE id = 5");
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines.front(), Catch::Contains("F: run 5 (0123456789abcdef): its key is not"));
}

}  // namespace
}  // namespace dse::verify_test
