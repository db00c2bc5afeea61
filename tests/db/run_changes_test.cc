#include "db/run_changes.h"

#include <catch2/catch.hpp>

#include "db/claims.h"
#include "db/epochs.h"
#include "db/exchange/import.h"
#include "db/finishing.h"
#include "db/giving_back.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::run_changes_test {
namespace {

using Catch::Matchers::Contains;

// A study of six runs, each state but pending once: run 1 done, 2 diverged, 3 out of memory, 4
// failed three times, 5 cancelled, 6 running.
struct Study {
  Study()
      : runs(MakeStudy(folder / "a.db", 6)),
        db(Database::Open(folder / "a.db", OpenMode::kReadWrite)) {
    FinishedRun done = Done(40);
    done.best_error = 38;
    done.micro_batch = 16;
    done.img_per_s = 512;
    done.engine = "2.11";
    done.precision = "bf16";
    Finish(1, done);
    Finish(2, Ended(RunState::kDiverged, "loss 1e30"));
    Finish(3, Ended(RunState::kOutOfMemory, "wants 9 GB"));
    for (int i = 0; i < 3; ++i) Finish(4, Ended(RunState::kFailed, "no luck"));
    CancelRuns(db, Only(5));
    running = Claim(6);
  }
  static FinishedRun Ended(RunState state, const std::string& message) {
    FinishedRun result;
    result.state = state;
    result.message = message;
    return result;
  }
  static RunFilter Only(int64_t id) {
    RunFilter filter;
    filter.ids = {id};
    return filter;
  }
  ClaimedRun Claim(int64_t id) {
    return ClaimNext(db, Owner::ThisProcess(), Request({id})).value();
  }
  void Finish(int64_t id, const FinishedRun& result) { REQUIRE(FinishRun(db, Claim(id), result)); }
  ListedRun Find(int64_t id) { return ListRuns(db, Only(id)).at(0); }
  RunState State(int64_t id) { return Find(id).state; }
  std::string Text(const std::string& sql) { return db.impl().connection.QueryText(sql); }
  // Everything a run's row says of its result.
  std::string Result(int64_t id) {
    return Text(
        "SELECT state || ' ' || attempt || ' ' || error || ' ' || best_error || ' ' || micro_batch"
        " || ' ' || seconds || ' ' || img_per_s || ' ' || host || ' ' || device || ' ' ||"
        " dse_version || ' ' || engine || ' ' || precision || ' ' || started_at || ' ' ||"
        " finished_at FROM runs WHERE id = " +
        std::to_string(id));
  }
  TempFolder folder;
  std::vector<int64_t> runs;
  Database db;
  ClaimedRun running;
};

TEST_CASE("a retry makes every run pending that has no result, with all its tries") {
  Study study;
  CHECK_FALSE(ClaimNext(study.db, Owner::ThisProcess(), Request(study.runs)));
  const RetrySummary summary = RetryRuns(study.db, {});
  CHECK(summary.retried.Text() == "0 done, 1 diverged, 1 out of memory, 1 failed, 1 cancelled");
  CHECK(summary.left.Text() == "1 done, 1 running");
  for (int64_t id = 2; id <= 5; ++id) {
    CHECK(study.State(id) == RunState::kPending);
    CHECK(study.Find(id).message.empty());
  }
  CHECK(study.State(1) == RunState::kDone);
  CHECK(RenewLease(study.db, study.running, 1000));
  CHECK(study.Text("SELECT failures + losses FROM runs WHERE id = 4") == "0");
  CHECK(study.Find(2).earlier.value().state == RunState::kDiverged);
  CHECK_FALSE(study.Find(4).earlier);
  // What it came to before is there still, and it may fail as often again.
  CHECK(study.Text("SELECT count(*) FROM attempts WHERE run_id = 4 AND message = 'no luck'") ==
        "3");
  for (int i = 0; i < 3; ++i) study.Finish(4, Study::Ended(RunState::kFailed, "again"));
  const RetrySummary again = RetryRuns(study.db, {});
  CHECK(again.retried.Text() == "0 done, 1 failed");
  CHECK(again.left[RunState::kPending] == 3);
}

TEST_CASE("a done run is trained again only where that is asked for, and its result is kept") {
  Study study;
  RunFilter done;
  done.states = {RunState::kDone};
  CHECK(RetryRuns(study.db, done).retried[RunState::kDone] == 1);
  const ListedRun pending = study.Find(1);
  CHECK(pending.state == RunState::kPending);
  CHECK_FALSE(pending.error);
  CHECK(pending.earlier.value().error == 40);
  study.Finish(1, Done(41));
  CHECK(study.Find(1).error == 41);
  CHECK(study.Text("SELECT group_concat(attempt || ': ' || error, ', ') FROM attempts"
                   " WHERE run_id = 1") == "1: 40.0, 2: 41.0");
  CHECK(RetryRuns(study.db, Study::Only(1)).retried[RunState::kDone] == 1);
}

TEST_CASE("a retry that is cancelled brings the whole former result back") {
  Study study;
  const std::string before = study.Result(1);
  CHECK_THAT(before, Contains("done 1 40.0 38.0 16 2.0 512.0 here cpu") && Contains("2.11 bf16"));
  RetryRuns(study.db, Study::Only(1));
  const CancelSummary waiting = CancelRuns(study.db, Study::Only(1));
  CHECK(waiting.pending == 1);
  CHECK(waiting.restored == 1);
  CHECK(study.Result(1) == before);
  // Also where the new attempt had begun, and its late result does not count.
  RetryRuns(study.db, Study::Only(1));
  const ClaimedRun late = study.Claim(1);
  CHECK(late.attempt == 2);
  const CancelSummary begun = CancelRuns(study.db, Study::Only(1));
  CHECK(begun.running == 1);
  CHECK(begun.restored == 1);
  CHECK(study.Result(1) == before);
  CHECK_FALSE(FinishRun(study.db, late, Done(1)));
  CHECK_FALSE(RenewLease(study.db, late, 1000));
  CHECK(study.Result(1) == before);
  // Attempts are counted on, so that no late writer is taken for another.
  RetryRuns(study.db, Study::Only(1));
  CHECK(study.Claim(1).attempt == 3);
}

TEST_CASE("a retry that fails or ends worse gives the done result back when it is cancelled") {
  Study study;
  const std::string before = study.Result(1);
  RetryRuns(study.db, Study::Only(1));
  study.Finish(1, Study::Ended(RunState::kFailed, "no luck"));
  CHECK(CancelRuns(study.db, Study::Only(1)).failed == 1);
  CHECK(study.Result(1) == before);
  RetryRuns(study.db, Study::Only(1));
  study.Finish(1, Study::Ended(RunState::kOutOfMemory, "wants 9 GB"));
  RetryRuns(study.db, Study::Only(1));
  CHECK(CancelRuns(study.db, Study::Only(1)).restored == 1);
  CHECK(study.Result(1) == before);
  // One that never had a result stays failed.
  CHECK(CancelRuns(study.db, Study::Only(4)).failed == 0);
  CHECK(study.State(4) == RunState::kFailed);
}

TEST_CASE("runs that got the number of a forgotten one are not trained on its images") {
  Study study;
  RetryRuns(study.db, Study::Only(5));
  CancelRuns(study.db, Study::Only(6));
  RunFilter last;
  last.ids = {5, 6};
  CHECK(ForgetRuns(study.db, last).forgotten.total() == 2);
  WantedRuns others = MakeWanted(study.db, "p");
  others.dataset.fingerprint = "fedcba9876543210";
  CHECK(PlanRuns(study.db, others).inserted == 6);
  REQUIRE(study.State(5) == RunState::kPending);
  const std::vector<int64_t> ids{5, 6};
  ClaimRequest request = Request(ids);
  request.fingerprint = MakeDataset().fingerprint;
  CHECK_FALSE(ClaimNext(study.db, Owner::ThisProcess(), request));
  request.fingerprint = others.dataset.fingerprint;
  CHECK(ClaimNext(study.db, Owner::ThisProcess(), request));
}

TEST_CASE("tests of kept weights go with the result they belong to") {
  Study study;
  const std::string count = "SELECT count(*) FROM evaluations WHERE run_id = 1";
  study.Text(
      "INSERT INTO evaluations(run_id, dataset_id, error, images, evaluated_at)"
      " VALUES (1, 1, 30, 10, 0) RETURNING run_id");
  RetryRuns(study.db, Study::Only(1));
  study.Claim(1);
  CancelRuns(study.db, Study::Only(1));
  CHECK(study.Text(count) == "1");
  RetryRuns(study.db, Study::Only(1));
  study.Finish(1, Study::Ended(RunState::kFailed, "no luck"));
  CHECK(study.Text(count) == "1");
  study.Finish(1, Done(41));
  CHECK(study.Text(count) == "0");
}

TEST_CASE("cancelled runs are not claimed, and who trains one loses it") {
  Study study;
  RetryRuns(study.db, Study::Only(5));
  const CancelSummary summary = CancelRuns(study.db, {});
  CHECK(summary.pending == 1);
  CHECK(summary.running == 1);
  CHECK(summary.restored == 0);
  CHECK(study.State(5) == RunState::kCancelled);
  CHECK(study.State(6) == RunState::kCancelled);
  CHECK_FALSE(RecordEpoch(study.db, study.running, {}));
  CHECK_FALSE(FinishRun(study.db, study.running, Done(1)));
  CHECK_FALSE(ReleaseRun(study.db, study.running));
  CHECK(study.Text("SELECT outcome || ', ' || message FROM attempts WHERE run_id = 6") ==
        "released, cancelled");
  CHECK_FALSE(ClaimNext(study.db, Owner::ThisProcess(), Request(study.runs)));
  const CancelSummary again = CancelRuns(study.db, {});
  CHECK(again.pending + again.running == 0);
}

TEST_CASE("a run whose owner fell silent is retried as one that nobody has") {
  Study study;
  study.Text("UPDATE runs SET lease_expires = 1 WHERE id = 6 RETURNING id");
  const RetrySummary summary = RetryRuns(study.db, Study::Only(6));
  CHECK(summary.retried[RunState::kRunning] == 1);
  CHECK(study.State(6) == RunState::kPending);
  CHECK(study.Text("SELECT outcome FROM attempts WHERE run_id = 6") == "lost");
}

TEST_CASE("forgotten runs leave nothing behind, and running ones are not forgotten") {
  Study study;
  CHECK_THAT(MessageOf([&] { ForgetRuns(study.db, {}); }),
             Contains("run 6") && Contains("dse runs cancel"));
  CHECK(study.Text("SELECT count(*) FROM runs") == "6");
  CHECK(RecordEpoch(study.db, study.running, {1, 0.1, 2.0, 60.0, 1.5, 45.0, 3.0}));
  REQUIRE(FinishRun(study.db, study.running, Done(30)));
  study.Text(
      "INSERT INTO evaluations(run_id, dataset_id, error, images, evaluated_at)"
      " VALUES (6, 1, 30, 10, 0) RETURNING run_id");
  const std::string key = study.Find(6).key;
  const ForgetSummary summary = ForgetRuns(study.db, Study::Only(6));
  CHECK(summary.forgotten.Text() == "1 done");
  CHECK(summary.populations == std::vector<std::string>{"p"});
  CHECK(summary.keys == std::vector{key});
  for (const char* table : {"series_runs", "attempts", "epochs", "evaluations"}) {
    CHECK(study.Text(std::string("SELECT count(*) FROM ") + table + " WHERE run_id = 6") == "0");
  }
  CHECK(study.Text("SELECT count(*) FROM series") == "1");
  CHECK(ForgetRuns(study.db, {}).forgotten.total() == 5);
  CHECK(study.Text("SELECT count(*) FROM runs") == "0");
  // A series is what its runs are: without any there is none.
  CHECK(study.Text("SELECT count(*) FROM series") == "0");
  CHECK(ForgetRuns(study.db, {}).forgotten.total() == 0);
  CHECK(PlanRuns(study.db, MakeWanted(study.db, "p")).inserted == 6);
}

TEST_CASE("results from elsewhere cannot be trained again") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  ImportRow row;
  row.population = "elsewhere";
  row.model = MakeDraws(1)[0].model;
  row.hash = ModelHash(*row.model);
  row.state = RunState::kFailed;
  ImportRows(db, {row}, "file");
  const RetrySummary summary = RetryRuns(db, {});
  CHECK(summary.retried.total() == 0);
  CHECK(summary.imported == 1);
  CHECK(summary.left[RunState::kFailed] == 1);
}

}  // namespace
}  // namespace dse::run_changes_test
