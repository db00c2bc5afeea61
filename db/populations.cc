#include "db/populations.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "core/json.h"
#include "core/suggest.h"
#include "db/rows/member_rows.h"
#include "db/rows/population_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

[[noreturn]] void FailDraw(const sqlite::Connection& connection, const PopulationRecord& population,
                           int64_t index, const std::string& what) {
  throw Error(connection.path() + ": member " + std::to_string(index) + " of population '" +
              population.name + "' " + what);
}

}  // namespace

std::string StoreSummary::Text() const {
  return std::to_string(inserted) + " members added, " + std::to_string(existing) +
         " there already";
}

StoreSummary StorePopulation(Database& db, const PopulationRecord& population,
                             std::span<const Draw> draws) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  const int64_t id = FindOrInsertPopulation(connection, population);
  const std::vector<MemberRow> stored = LoadMemberRows(connection, id);
  MemberWriter writer(connection);
  StoreSummary summary;
  int64_t next = static_cast<int64_t>(stored.size());
  for (const Draw& draw : draws) {
    if (draw.index >= 0 && draw.index < static_cast<int64_t>(stored.size())) {
      const MemberRow& member = stored[static_cast<size_t>(draw.index)];
      if (member.hash != draw.hash || member.candidate != draw.candidate ||
          member.overrides != draw.overrides) {
        FailDraw(connection, population, draw.index,
                 "is stored as " + member.hash + ", drawn now as " + draw.hash +
                     "; the file was changed or made by another sampler");
      }
      ++summary.existing;
      continue;
    }
    if (draw.index != next) {
      FailDraw(connection, population, draw.index,
               "cannot follow member " + std::to_string(next - 1));
    }
    const int64_t model_id = writer.StoreModel(draw.model, draw.hash, draw.complexity);
    if (!writer.InsertMember(id, draw.index, MemberKey(draw.hash, draw.overrides), draw.candidate,
                             model_id, &draw.model, draw.overrides)) {
      FailDraw(connection, population, draw.index,
               "is the same network as an earlier member (" + draw.hash + ")");
    }
    ++next;
    ++summary.inserted;
  }
  transaction.Commit();
  return summary;
}

std::vector<StoredMember> LoadMembers(Database& db, std::span<const std::string> populations) {
  sqlite::Connection& connection = db.impl().connection;
  sqlite::Transaction snapshot(connection, sqlite::Transaction::Kind::kRead);
  const std::set<std::string> wanted(populations.begin(), populations.end());
  std::vector<std::string> known;
  std::vector<StoredMember> members;
  sqlite::Statement row(connection, "SELECT id, name FROM populations ORDER BY id");
  while (row.Step()) {
    const std::string name = row.Text(1);
    known.push_back(name);
    if (!wanted.empty() && !wanted.contains(name)) continue;
    for (MemberRow& m : LoadMemberRows(connection, row.Int(0))) {
      if (!m.model) continue;
      members.push_back({m.id, name,
                         Draw{m.index, m.candidate, std::move(*m.model), std::move(m.hash),
                              m.complexity, m.overrides}});
    }
  }
  const std::set<std::string> names(known.begin(), known.end());
  for (const std::string& name : populations) {
    if (!names.contains(name)) {
      throw Error(db.path() + ": no population '" + name + "'" + DidYouMean(name, known));
    }
  }
  return members;
}

}  // namespace dse
