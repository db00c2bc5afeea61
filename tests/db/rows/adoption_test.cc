#include "db/rows/adoption.h"

#include <catch2/catch.hpp>

#include "core/hash.h"
#include "db/claims.h"
#include "db/done_runs.h"
#include "db/evaluations.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::adoption_test {
namespace {

std::string Column(Database& db, const std::string& sql) {
  return db.impl().connection.QueryText(sql);
}

// The dataset of MakeStudy as it is called since fingerprints cover contents.
DatasetRow Renamed(const std::string& contents) {
  DatasetRow row = MakeDataset();
  row.old_fingerprint = row.fingerprint;
  row.fingerprint = ShortHash(contents);
  row.uri = "folder:/elsewhere";
  row.corrupt_images = 3;
  return row;
}

WantedRuns WantedOn(Database& db, const DatasetRow& dataset) {
  WantedRuns wanted = MakeWanted(db, "p");
  wanted.dataset = dataset;
  return wanted;
}

// A study of three runs under the old fingerprint, the first done and tested on its data.
struct OldStudy {
  OldStudy()
      : runs(MakeStudy(folder / "a.db", 3)),
        db(Database::Open(folder / "a.db", OpenMode::kReadWrite)) {
    const ClaimedRun run = ClaimNext(db, Owner::ThisProcess(), Request(runs)).value();
    FinishRun(db, run, Done(30));
    StoreEvaluation(db, LoadDoneRuns(db, {}, {}).front(), MakeDataset(), {31, std::nullopt, 1000});
  }
  TempFolder folder;
  std::vector<int64_t> runs;
  Database db;
};

}  // namespace

TEST_CASE("a row of the old fingerprint becomes the dataset's own, with runs and evaluations") {
  OldStudy study;
  const std::string keys = Column(study.db, "SELECT group_concat(key) FROM runs");
  const DatasetRow dataset = Renamed("contents");
  const PlanSummary plan = PlanRuns(study.db, WantedOn(study.db, dataset));
  REQUIRE(plan.adopted);
  CHECK(plan.adopted->uri == "folder:/data");
  CHECK(plan.run_ids == study.runs);
  CHECK(plan.inserted == 0);
  CHECK(Column(study.db,
               "SELECT group_concat(fingerprint || ' ' || uri || ' ' || corrupt_images)"
               " FROM datasets") == dataset.fingerprint + " folder:/elsewhere 3");
  CHECK(Column(study.db, "SELECT group_concat(key) FROM runs") == keys);
  CHECK(Column(study.db, "SELECT count(*) FROM runs WHERE data_uri = 'folder:/data'") == "3");
  CHECK(FindEvaluation(study.db, study.runs[0], dataset.fingerprint)->error == 31);
  CHECK(Column(study.db, "SELECT tested_on FROM evaluated") == "folder:/data");
}

TEST_CASE("counting recognises an old row without writing") {
  OldStudy study;
  const DatasetRow dataset = Renamed("contents");
  const PlanSummary counted = CountRuns(study.db, WantedOn(study.db, dataset));
  CHECK(counted.adopted);
  CHECK(counted.run_ids == study.runs);
  CHECK(counted.inserted == 0);
  CHECK(Column(study.db, "SELECT fingerprint FROM datasets") == dataset.old_fingerprint);
}

TEST_CASE("an old row goes to the first contents that ask for it") {
  OldStudy study;
  CHECK(PlanRuns(study.db, WantedOn(study.db, Renamed("contents"))).adopted);
  const PlanSummary other = PlanRuns(study.db, WantedOn(study.db, Renamed("other contents")));
  CHECK_FALSE(other.adopted);
  CHECK(other.inserted == 3);
  CHECK(other.states[RunState::kDone] == 0);
}

TEST_CASE("an old row of other counts, or one without runs, is left alone") {
  OldStudy study;
  DatasetRow dataset = Renamed("contents");
  SECTION("training images") { ++dataset.train_images; }
  SECTION("test images") { --dataset.test_images; }
  SECTION("classes") { ++dataset.classes; }
  SECTION("only tested on") {
    DatasetRow tested = MakeDataset();
    tested.fingerprint = ShortHash("tested");
    StoreEvaluation(study.db, LoadDoneRuns(study.db, {}, {}).front(), tested,
                    {40, std::nullopt, 1000});
    dataset.old_fingerprint = tested.fingerprint;
  }
  CHECK_FALSE(PlanRuns(study.db, WantedOn(study.db, dataset)).adopted);
}

TEST_CASE("tests of weights under the new fingerprint replace those under the old one") {
  OldStudy study;
  const DatasetRow dataset = Renamed("contents");
  StoreEvaluation(study.db, LoadDoneRuns(study.db, {}, {}).front(), dataset,
                  {32, std::nullopt, 1000});
  CHECK(Column(study.db, "SELECT count(*) FROM datasets") == "2");
  CHECK(PlanRuns(study.db, WantedOn(study.db, dataset)).adopted);
  CHECK(Column(study.db, "SELECT count(*) FROM datasets") == "1");
  CHECK(FindEvaluation(study.db, study.runs[0], dataset.fingerprint)->error == 32);
  CHECK(Column(study.db, "SELECT group_concat(tested_on) FROM evaluated") == "folder:/elsewhere");
}

TEST_CASE("where both fingerprints have series nothing is taken over") {
  OldStudy study;
  DatasetRow dataset = Renamed("contents");
  dataset.old_fingerprint.clear();
  CHECK(PlanRuns(study.db, WantedOn(study.db, dataset)).inserted == 3);
  const PlanSummary plan = PlanRuns(study.db, WantedOn(study.db, Renamed("contents")));
  CHECK_FALSE(plan.adopted);
  CHECK(plan.inserted == 0);
  CHECK(plan.states[RunState::kPending] == 3);
}

TEST_CASE("a run and a test of weights keep the address their images were read from") {
  OldStudy study;
  ClaimRequest request = Request(study.runs);
  request.data_uri = "folder:/mounted";
  const ClaimedRun run = ClaimNext(study.db, Owner::ThisProcess(), request).value();
  CHECK(Column(study.db, "SELECT data_uri FROM runs WHERE state = 'running'") == "folder:/mounted");
  FinishRun(study.db, run, Done(20));
  CHECK(Column(study.db, "SELECT data_uri FROM runs WHERE error = 20") == "folder:/mounted");
}

TEST_CASE("two datasets at one address are told apart where weights were tested on both") {
  OldStudy study;
  DatasetRow other = MakeDataset();
  other.fingerprint = "0123456789abcdef";
  StoreEvaluation(study.db, LoadDoneRuns(study.db, {}, {}).front(), other,
                  {90, std::nullopt, 1000});
  CHECK(Column(study.db, "SELECT tested_on FROM evaluated WHERE tested_error = 90") ==
        "folder:/data@01234567");
  CHECK(Column(study.db, "SELECT tested_on FROM evaluated WHERE tested_error = 31") ==
        "folder:/data@" + MakeDataset().fingerprint.substr(0, 8));
}

}  // namespace dse::adoption_test
