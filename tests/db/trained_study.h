#pragma once

#include <string>
#include <vector>

#include "db/claims.h"
#include "db/epochs.h"
#include "db/finishing.h"
#include "db/giving_back.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {

// Population "p": three members, two repeats; member 0 done with 40 and 30, member 1 done with 50
// and diverged, member 2 (own lr 0.7) one running with two epochs, one pending.
struct TrainedStudy {
  TrainedStudy() : db(Database::Open(folder / "a.db", OpenMode::kCreate)) {
    draws = MakeDraws(3);
    draws[2].overrides.lr = 0.7;
    draws[0].model.name = "first";
    StorePopulation(db, MakePopulation("p"), draws);
    const std::vector<int64_t> runs = PlanRuns(db, MakeWanted(db, "p", 2)).run_ids;
    const auto claim = [&] { return *ClaimNext(db, Owner::ThisProcess(), Request(runs)); };
    FinishRun(db, claim(), Done(40));
    FinishRun(db, claim(), Done(30));
    FinishRun(db, claim(), Done(50));
    FinishedRun diverged;
    diverged.state = RunState::kDiverged;
    diverged.seconds = 8;
    FinishRun(db, claim(), diverged);
    const ClaimedRun released = claim();
    RecordEpoch(db, released, {1, 0.7, 9.0, 99.0, 9.0, 99.0, 1});
    ReleaseRun(db, released);
    const ClaimedRun running = claim();
    RecordEpoch(db, running, {1, 0.7, 2.0, 80.0, 2.0, 70.0, 1});
    RecordEpoch(db, running, {2, 0.35, 1.0, 60.0, 1.0, 55.0, 1});
  }
  std::string Text(const std::string& sql) { return db.impl().connection.QueryText(sql); }
  TempFolder folder;
  std::vector<Draw> draws;
  Database db;
};

}  // namespace dse
