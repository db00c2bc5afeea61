#include "db/populations.h"

#include <nlohmann/json.hpp>
#include <set>

#include "core/hash.h"
#include "core/json.h"
#include "core/suggest.h"
#include "db/connection.h"
#include "db/member_rows.h"
#include "db/population_rows.h"

namespace dse {
namespace {

std::string PopulationKey(const PopulationRecord& p) {
  Json json = {{"name", p.name},
               {"origin", p.origin},
               {"space_name", p.space_name},
               {"space_document", p.space_document}};
  if (p.seed) json["seed"] = *p.seed;
  if (p.band) json["band"] = {p.band->low, p.band->high};
  return ShortHash(json.dump());
}

PopulationRecord ReadPopulation(const sqlite::Statement& row) {
  PopulationRecord p;
  p.name = row.Text(1);
  p.origin = row.Text(2);
  p.space_name = row.Text(3);
  p.space_document = row.Text(4);
  if (!row.IsNull(5)) p.seed = static_cast<uint64_t>(row.Int(5));
  if (!row.IsNull(6)) p.band = Band{row.Int(6), row.Int(7)};
  p.candidates = row.Int(8);
  p.sampler_version = static_cast<int>(row.Int(9));
  return p;
}

constexpr const char* kSelectPopulations =
    "SELECT p.id, p.name, p.origin, coalesce(s.name, ''), coalesce(s.document, ''), p.seed,"
    " p.flops_low, p.flops_high, p.candidates, p.sampler_version,"
    " (SELECT count(*) FROM members WHERE population_id = p.id)"
    " FROM populations p LEFT JOIN spaces s ON s.id = p.space_id";

std::string OriginText(const PopulationRecord& p) {
  if (p.origin == "sampled") return "drawn from space '" + p.space_name + "'";
  return p.origin == "named" ? "named by hand" : p.origin;
}

// The first argument in which two of one origin differ, "" if they were made alike.
std::string Difference(const PopulationRecord& stored, const PopulationRecord& wanted) {
  const auto seed = [](const PopulationRecord& p) {
    return p.seed ? "seed " + std::to_string(*p.seed) : std::string("no seed");
  };
  const auto band = [](const PopulationRecord& p) {
    return p.band ? "band " + FormatBand(*p.band) : std::string("no band");
  };
  const auto differ = [](const std::string& was, const std::string& is) {
    return "with " + was + ", not with " + is;
  };
  if (stored.space_name != wanted.space_name) {
    return differ("space '" + stored.space_name + "'", "'" + wanted.space_name + "'");
  }
  if (stored.space_document != wanted.space_document) {
    return "with another definition or other options of space '" + stored.space_name + "'";
  }
  if (stored.seed != wanted.seed) return differ(seed(stored), seed(wanted));
  if (stored.band != wanted.band) return differ(band(stored), band(wanted));
  if (stored.sampler_version != wanted.sampler_version) {
    return differ("sampler version " + std::to_string(stored.sampler_version),
                  std::to_string(wanted.sampler_version));
  }
  return "";
}

std::optional<int64_t> StoreSpace(sqlite::Connection& connection, const PopulationRecord& p) {
  if (p.space_document.empty()) return std::nullopt;
  const std::string key = ShortHash(Json::array({p.space_name, p.space_document}).dump());
  sqlite::Statement(connection,
                    "INSERT INTO spaces(key, name, document) VALUES (?, ?, ?)"
                    " ON CONFLICT(key) DO NOTHING",
                    key, p.space_name, p.space_document)
      .Run();
  sqlite::Statement find(connection, "SELECT id FROM spaces WHERE key = ?", key);
  find.Step();
  return find.Int(0);
}

[[noreturn]] void FailDraw(const sqlite::Connection& connection, const PopulationRecord& population,
                           int64_t index, const std::string& what) {
  throw Error(connection.path() + ": member " + std::to_string(index) + " of population '" +
              population.name + "' " + what);
}

}  // namespace

int64_t FindOrInsertPopulation(sqlite::Connection& connection, const PopulationRecord& p) {
  if (p.name.empty()) throw Error(connection.path() + ": a population needs a name");
  sqlite::Statement find(connection, std::string(kSelectPopulations) + " WHERE p.name = ?", p.name);
  if (find.Step()) {
    const PopulationRecord stored = ReadPopulation(find);
    if (stored.origin != p.origin) {
      throw Error(connection.path() + ": population '" + p.name + "' was " + OriginText(stored) +
                  ", not " + OriginText(p) + "; the two cannot be mixed, so choose another name");
    }
    const std::string difference = Difference(stored, p);
    if (!difference.empty()) {
      throw Error(connection.path() + ": population '" + p.name + "' was made " + difference +
                  "; choose another name or the same arguments");
    }
    const int64_t id = find.Int(0);
    // A shorter list of the same population was tried up to fewer candidates.
    sqlite::Statement(connection,
                      "UPDATE populations SET candidates = ?2 WHERE id = ?1 AND candidates < ?2",
                      id, p.candidates)
        .Run();
    return id;
  }
  std::optional<int64_t> seed, low, high;
  if (p.seed) seed = sqlite::StoredSeed(*p.seed);
  if (p.band) {
    low = p.band->low;
    high = p.band->high;
  }
  sqlite::Statement(connection,
                    "INSERT INTO populations(key, name, origin, space_id, seed, flops_low,"
                    " flops_high, candidates, sampler_version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    PopulationKey(p), p.name, p.origin, StoreSpace(connection, p), seed, low, high,
                    p.candidates, p.sampler_version)
      .Run();
  return connection.LastInsertId();
}

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

std::vector<PopulationSummary> ListPopulations(Database& db) {
  std::vector<PopulationSummary> list;
  sqlite::Statement row(db.impl().connection, std::string(kSelectPopulations) + " ORDER BY p.id");
  while (row.Step()) list.push_back({ReadPopulation(row), row.Int(10)});
  return list;
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

void StoreFits(Database& db, const std::string& grid,
               std::span<const std::pair<std::string, Fit>> fits) {
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  sqlite::Statement store(connection,
                          "INSERT INTO fits(model_id, grid, w0, wa, wm, e_fit)"
                          " SELECT id, ?2, ?3, ?4, ?5, ?6 FROM models WHERE hash = ?1"
                          " ON CONFLICT(model_id, grid) DO UPDATE SET w0 = excluded.w0,"
                          " wa = excluded.wa, wm = excluded.wm, e_fit = excluded.e_fit");
  for (const auto& [hash, fit] : fits) {
    if (store.Bind(hash, grid, fit.w0, fit.wa, fit.wm, fit.e_fit).Run() == 0) {
      throw Error(db.path() + ": no model " + hash + " to store a fit of");
    }
  }
  transaction.Commit();
}

}  // namespace dse
