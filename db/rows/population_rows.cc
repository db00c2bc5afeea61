#include "db/rows/population_rows.h"

#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "core/json.h"

namespace dse {
namespace {

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
  const std::string key = SpaceKey(p.space_name, p.space_document);
  sqlite::Statement(connection,
                    "INSERT INTO spaces(key, name, document) VALUES (?, ?, ?)"
                    " ON CONFLICT(key) DO NOTHING",
                    key, p.space_name, p.space_document)
      .Run();
  sqlite::Statement find(connection, "SELECT id FROM spaces WHERE key = ?", key);
  find.Step();
  return find.Int(0);
}

}  // namespace

std::string PopulationKey(const PopulationRecord& p) {
  Json json = {{"name", p.name},
               {"origin", p.origin},
               {"space_name", p.space_name},
               {"space_document", p.space_document}};
  if (p.seed) json["seed"] = *p.seed;
  if (p.band) json["band"] = {p.band->low, p.band->high};
  return ShortHash(WholeText(json));
}

std::string ImportedPopulationKey(const std::string& name) {
  return ShortHash(WholeText(Json::array({"imported", name})));
}

std::string SpaceKey(const std::string& name, const std::string& document) {
  return ShortHash(WholeText(Json::array({name, document})));
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

}  // namespace dse
