#include "db/series.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "db/rows/member_rows.h"
#include "db/rows/run_rows.h"
#include "db/rows/series_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Members of a population as every series of it starts from.
struct Members {
  std::optional<Band> band;
  std::vector<MemberRecord> records;
  std::unordered_map<int64_t, size_t> places;  // by row id
};

std::optional<Band> LoadBand(sqlite::Connection& connection, int64_t population_id) {
  sqlite::Statement row(connection, "SELECT flops_low, flops_high FROM populations WHERE id = ?",
                        population_id);
  if (!row.Step() || row.IsNull(0)) return std::nullopt;
  return Band{row.Int(0), row.Int(1)};
}

Members LoadPopulation(sqlite::Connection& connection, int64_t population_id,
                       const SeriesDetail& detail) {
  Members members;
  members.band = LoadBand(connection, population_id);
  for (MemberRow& row : LoadMemberRows(connection, population_id, detail.fit)) {
    MemberRecord record;
    record.index = row.index;
    record.hash = std::move(row.hash);
    record.model = std::move(row.model);
    record.complexity = row.complexity;
    record.lr = row.overrides.lr;
    record.weight_decay = row.overrides.weight_decay;
    record.fit = row.fit;
    members.places.emplace(row.id, members.records.size());
    members.records.push_back(std::move(record));
  }
  sqlite::Statement row(connection,
                        "SELECT p.member_id, p.name, p.value FROM members m"
                        " JOIN properties p ON p.member_id = m.id WHERE m.population_id = ?",
                        population_id);
  while (row.Step()) {
    members.records[members.places.at(row.Int(0))].properties.emplace(row.Text(1), row.Real(2));
  }
  return members;
}

void AddRuns(sqlite::Connection& connection, int64_t series_id, Members& members) {
  sqlite::Statement row(connection,
                        "SELECT l.member_id, r.state, r.seed, r.error, r.best_error, r.seconds,"
                        " r.micro_batch IS NOT NULL, coalesce(r.precision, ''),"
                        " coalesce(r.engine, '')"
                        " FROM series_runs l JOIN runs r ON r.id = l.run_id"
                        " WHERE l.series_id = ?",
                        series_id);
  while (row.Step()) {
    RunRecord run;
    run.state = StoredState(row.Text(1));
    run.seed = static_cast<uint64_t>(row.Int(2));
    run.error = row.OptionalReal(3);
    run.best_error = row.OptionalReal(4);
    run.seconds = row.OptionalReal(5);
    run.micro_batched = row.Int(6) != 0;
    run.precision = row.Text(7);
    run.engine = row.Text(8);
    members.records[members.places.at(row.Int(0))].runs.push_back(run);
  }
  for (MemberRecord& member : members.records) {
    std::ranges::sort(member.runs, {}, &RunRecord::seed);
  }
}

void AddEpochs(sqlite::Connection& connection, int64_t series_id, Members& members) {
  sqlite::Statement row(connection,
                        "SELECT l.member_id, r.seed, e.epoch, e.test_error"
                        " FROM series_runs l JOIN runs r ON r.id = l.run_id"
                        " JOIN epochs e ON e.run_id = r.id AND e.attempt = r.attempt"
                        " WHERE l.series_id = ? ORDER BY l.member_id, l.run_id, e.epoch",
                        series_id);
  while (row.Step()) {
    std::vector<RunRecord>& runs = members.records[members.places.at(row.Int(0))].runs;
    const auto run = std::ranges::find(runs, static_cast<uint64_t>(row.Int(1)), &RunRecord::seed);
    run->epochs.push_back({static_cast<int>(row.Int(2)), row.OptionalReal(3)});
  }
}

SeriesRecord MakeSeries(sqlite::Connection& connection, const SeriesRow& row,
                        const SeriesDetail& detail, Members members) {
  AddRuns(connection, row.id, members);
  if (detail.epochs) AddEpochs(connection, row.id, members);
  for (MemberRecord& member : members.records) {
    if (!member.lr) member.lr = row.lr;
    if (!member.weight_decay) member.weight_decay = row.weight_decay;
  }
  return {row.population,
          row.space,
          row.recipe_names.front(),
          row.dataset_names.front(),
          members.band,
          std::move(members.records)};
}

}  // namespace

std::vector<SeriesRecord> LoadSeries(Database& db, const SeriesFilter& filter,
                                     const SeriesDetail& detail) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  const std::vector<SeriesRow> wanted = FindSeries(connection, filter);
  std::map<int64_t, int> uses;  // of a population's members by the series still to come
  for (const SeriesRow& row : wanted) ++uses[row.population_id];
  std::map<int64_t, Members> populations;
  std::vector<SeriesRecord> series;
  for (const SeriesRow& row : wanted) {
    const auto [at, fresh] = populations.try_emplace(row.population_id);
    if (fresh) at->second = LoadPopulation(connection, row.population_id, detail);
    if (--uses[row.population_id] > 0) {
      series.push_back(MakeSeries(connection, row, detail, at->second));
    } else {
      series.push_back(MakeSeries(connection, row, detail, std::move(at->second)));
    }
  }
  return series;
}

}  // namespace dse
