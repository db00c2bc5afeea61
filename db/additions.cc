#include "db/additions.h"

#include <unordered_map>
#include <utility>

#include "core/suggest.h"
#include "core/units.h"
#include "db/rows/member_rows.h"
#include "db/rows/population_rows.h"
#include "db/rows/series_rows.h"
#include "db/series.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Appends members to a population named by hand. Use within a transaction.
class Appender {
 public:
  Appender(sqlite::Connection& connection, const std::string& population) : writer_(connection) {
    PopulationRecord record;
    record.name = population;
    record.origin = "named";
    id_ = FindOrInsertPopulation(connection, record);
    sqlite::Statement next(
        connection, "SELECT coalesce(max(idx) + 1, 0) FROM members WHERE population_id = ?", id_);
    next.Step();
    next_ = next.Int(0);
  }

  void Add(const Draw& draw) {
    const int64_t model_id = writer_.StoreModel(draw.model, draw.hash, draw.complexity);
    const bool fresh = writer_
                           .InsertMember(id_, next_, MemberKey(draw.hash, draw.overrides),
                                         std::nullopt, model_id, &draw.model, draw.overrides)
                           .has_value();
    next_ += fresh ? 1 : 0;
    ++(fresh ? summary_.inserted : summary_.existing);
  }
  const StoreSummary& summary() const { return summary_; }

 private:
  MemberWriter writer_;
  int64_t id_ = 0;
  int64_t next_ = 0;
  StoreSummary summary_;
};

// "recipe 'cifar' on 'synthetic'" with the names that tell a series from the others.
std::string NameOf(const SeriesRow& series) {
  return "recipe '" + series.recipe_names.front() + "' on '" + series.dataset_names.front() + "'";
}

std::string NamesOf(const std::vector<SeriesRow>& list) {
  std::vector<std::string> names;
  for (const SeriesRow& series : list) names.push_back(NameOf(series));
  return JoinWords(names);
}

// As FindSeries, but only those with a done run.
std::vector<SeriesRow> FindFinished(sqlite::Connection& connection, const SeriesFilter& filter) {
  std::vector<SeriesRow> list = FindSeries(connection, filter);
  sqlite::Statement find(connection,
                         "SELECT 1 FROM series_runs l JOIN runs r ON r.id = l.run_id"
                         " WHERE l.series_id = ? AND r.state = 'done' LIMIT 1");
  std::erase_if(list, [&](const SeriesRow& series) { return !find.Bind(series.id).Step(); });
  return list;
}

// The one series of the population that is meant.
SeriesRow ChooseSeries(sqlite::Connection& connection, const BestRequest& request) {
  SeriesFilter filter{{request.from}, {}, {}};
  if (request.recipe) filter.recipes = {*request.recipe};
  if (request.dataset) filter.datasets = {*request.dataset};
  const std::vector<SeriesRow> list = FindFinished(connection, filter);
  if (list.size() == 1) return list.front();
  const std::string place = connection.path() + ": population '" + request.from + "' ";
  if (!list.empty()) {
    throw Error(place + "has results of several recipes or datasets, say which with --recipe or " +
                "--data: " + NamesOf(list));
  }
  const std::vector<SeriesRow> others = FindFinished(connection, {{request.from}, {}, {}});
  if (others.empty()) throw Error(place + "has no finished runs to tell the best by");
  throw Error(place + "has no finished runs of that recipe and dataset, only of " +
              NamesOf(others));
}

// All members of the series with a done run, the lowest error first. Means are compared to nine
// digits, so that the rounding of their sums decides no tie.
std::vector<RankedMember> RankMembers(sqlite::Connection& connection, const SeriesRow& series,
                                      ErrorKind error) {
  std::unordered_map<int64_t, MemberRow> members;
  for (MemberRow& member : LoadMemberRows(connection, series.population_id)) {
    members.emplace(member.id, std::move(member));
  }
  const std::string column = error == ErrorKind::kLast ? "r.error" : "r.best_error";
  sqlite::Statement row(connection,
                        "SELECT m.id, avg(" + column +
                            "), count(*) FROM series_runs l"
                            " JOIN members m ON m.id = l.member_id JOIN runs r ON r.id = l.run_id"
                            " WHERE l.series_id = ? AND r.state = 'done' AND " +
                            column +
                            " IS NOT NULL"
                            " GROUP BY m.id ORDER BY round(avg(" +
                            column + "), 9), m.idx",
                        series.id);
  std::vector<RankedMember> ranked;
  while (row.Step()) {
    MemberRow& member = members.at(row.Int(0));
    Draw draw{member.index, member.candidate,  std::move(member.model).value_or(Model{}),
              member.hash,  member.complexity, member.overrides};
    ranked.push_back({row.Real(1), row.Int(2), std::move(draw)});
  }
  return ranked;
}

std::vector<RankedMember> ChooseBest(sqlite::Connection& connection, const BestRequest& request) {
  const SeriesRow series = ChooseSeries(connection, request);
  std::vector<RankedMember> members = RankMembers(connection, series, request.error);
  const std::string place = connection.path() + ": ";
  if (static_cast<int64_t>(members.size()) < request.count) {
    throw Error(place + "population '" + request.from + "' has too few members with an error of " +
                NameOf(series) + ": " + std::to_string(members.size()) + " of the " +
                std::to_string(request.count) + " asked for");
  }
  members.resize(static_cast<size_t>(request.count));
  for (const RankedMember& member : members) {
    if (!member.draw.hash.empty()) continue;
    throw Error(place + "member " + std::to_string(member.draw.index) + " of population '" +
                request.from + "' (error " + FormatDouble(member.error) +
                ") was imported without its network and cannot be added");
  }
  return members;
}

}  // namespace

StoreSummary AddMembers(Database& db, const std::string& population, std::span<const Draw> draws) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  Appender appender(connection, population);
  for (const Draw& draw : draws) appender.Add(draw);
  transaction.Commit();
  return appender.summary();
}

BestSummary AddBest(Database& db, const std::string& population, const BestRequest& request) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  std::vector<RankedMember> members = ChooseBest(connection, request);
  Appender appender(connection, population);
  for (const RankedMember& member : members) appender.Add(member.draw);
  transaction.Commit();
  return {std::move(members), appender.summary()};
}

}  // namespace dse
