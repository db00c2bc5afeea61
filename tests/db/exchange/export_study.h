#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "db/claims.h"
#include "db/epochs.h"
#include "db/exchange/csv_import.h"
#include "db/exchange/export.h"
#include "db/exchange/export_pycls.h"
#include "db/exchange/export_table.h"
#include "db/exchange/import.h"
#include "db/finishing.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/series.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {

using Rows = std::vector<std::string>;

inline SeriesFilter Only(Rows populations, Rows recipes = {}) {
  return {std::move(populations), std::move(recipes), {}};
}

inline std::string Csv(Database& db, const SeriesFilter& filter = {}) {
  std::string text;
  ExportCsv(db, filter, [&](std::string_view bytes) { text += bytes; });
  return text;
}

inline std::string JsonLines(Database& db, const SeriesFilter& filter = {}) {
  std::string text;
  ExportJsonLines(db, filter, [&](std::string_view bytes) { text += bytes; });
  return text;
}

inline std::string Sweep(Database& db, ExportSummary* summary = nullptr) {
  std::string text;
  const ExportSummary found = ExportSweep(db, {}, [&](std::string_view bytes) { text += bytes; });
  if (summary) *summary = found;
  return text;
}

// What an export and an import must keep, a text for each row.
inline Rows Results(Database& db,
                    const std::string& columns = "population, recipe, dataset, seed") {
  Rows rows;
  sqlite::Statement row(
      db.impl().connection,
      "SELECT json_array(model, hash, state, error, best_error, lr, wd, seconds, flops, params,"
      " acts, widths, w0, wa, wm, img_per_s, micro_batch, " +
          columns +
          ", (SELECT json_group_object(name, value) FROM properties p"
          " WHERE p.member_id = v.member_id)) AS text FROM results v ORDER BY text");
  while (row.Step()) rows.push_back(row.Text(0));
  return rows;
}

inline Rows Curves(Database& db) {
  Rows rows;
  sqlite::Statement row(db.impl().connection,
                        "SELECT json_array(model, hash, seed, epoch, lr, train_loss, train_error,"
                        " test_error, seconds) AS text FROM curves ORDER BY text");
  while (row.Step()) rows.push_back(row.Text(0));
  return rows;
}

// A file with a trained population of awkward name and an imported one without models.
struct Study {
  Study() {
    StorePopulation(db, MakePopulation(kName), MakeDraws(3));
    WantedRuns wanted = MakeWanted(db, kName, 2);
    const std::vector<int64_t> runs = PlanRuns(db, wanted).run_ids;
    Train(runs.at(0), {60, 50.125});
    Train(runs.at(1), {70, 1.0 / 3});
    Finish(runs.at(2), RunState::kDiverged);
    Finish(runs.at(3), RunState::kOutOfMemory);
    ImportRows(db,
               ParseCsvImport("population,error,state,depth,b,lr,\"a,b\",flops\n"
                              "q,20,,4,2,0.1,1e-300,7\nq,21,,4,2,0.1,1e-300,7\n"
                              "q,,cancelled,5,1,0.1,0.1,8\n",
                              "f.csv"),
               "f.csv");
  }
  ClaimedRun Claim(int64_t id) {
    const std::vector<int64_t> ids = {id};
    return ClaimNext(db, Owner::ThisProcess(), Request(ids)).value();
  }
  void Train(int64_t id, const std::vector<double>& errors) {
    const ClaimedRun run = Claim(id);
    double best = 100;
    for (size_t i = 0; i < errors.size(); ++i) {
      best = std::min(best, errors[i]);
      EpochRecord epoch;
      epoch.epoch = static_cast<int64_t>(i) + 1;
      epoch.lr = 0.1 / 3;
      epoch.train_loss = 1.5;
      epoch.train_error = errors[i] / 7;
      epoch.test_error = errors[i];
      epoch.seconds = 0.1;
      REQUIRE(RecordEpoch(db, run, epoch));
    }
    FinishedRun result = Done(errors.back());
    result.best_error = best;
    result.seconds = 0.2;
    REQUIRE(FinishRun(db, run, result));
  }
  void Finish(int64_t id, RunState state) {
    FinishedRun result;
    result.state = state;
    result.seconds = 1;
    REQUIRE(FinishRun(db, Claim(id), result));
  }

  static inline const std::string kName = "=p \"quoted\", comma\nline \xC3\xBC";
  TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
};

}  // namespace dse
