#include "db/exchange/import.h"

#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/complexity.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/units.h"
#include "db/documents.h"
#include "db/exchange/import_identity.h"
#include "db/exchange/imported_runs.h"
#include "db/rows/member_rows.h"
#include "db/rows/population_rows.h"
#include "db/rows/run_rows.h"
#include "db/sqlite/connection.h"

namespace dse {
namespace {

// Of a recipe or dataset that nothing is known of but its name.
std::string ImportedKey(const std::string& kind, const std::string& name) {
  const std::string key = "imported " + kind;
  return ShortHash(name == kImported ? key : Json::array({key, name}).dump());
}

// A row as it will be stored.
struct Entry {
  const ImportRow& row;
  Overrides overrides;
  std::map<std::string, double> properties;  // without lr and weight decay
  std::string member_key;
};

class Importer {
 public:
  Importer(sqlite::Connection& connection, const std::string& file)
      : connection_(connection),
        file_(file),
        writer_(connection),
        find_member_(connection,
                     "SELECT id, model_id FROM members WHERE population_id = ? AND key = ?"),
        find_equal_(connection,
                    "SELECT 1 FROM members m JOIN models o ON o.id = m.model_id"
                    " WHERE m.population_id = ? AND m.key = ? AND o.hash = ? AND m.lr IS ?"
                    " AND m.weight_decay IS ?"),
        find_bare_(connection,
                   "SELECT 1 FROM members m JOIN series_runs l ON l.member_id = m.id"
                   " JOIN series s ON s.id = l.series_id JOIN recipes r ON r.id = s.recipe_id"
                   " JOIN datasets d ON d.id = s.dataset_id"
                   " WHERE m.population_id = ? AND m.key = ? AND r.name = ? AND d.uri = ?"),
        find_repeat_(connection,
                     "SELECT count(*), count(*) FILTER (WHERE u.seed = ?5) FROM members m"
                     " JOIN series_runs l ON l.member_id = m.id JOIN runs u ON u.id = l.run_id"
                     " JOIN series s ON s.id = l.series_id JOIN recipes r ON r.id = s.recipe_id"
                     " JOIN datasets d ON d.id = s.dataset_id"
                     " WHERE m.population_id = ?1 AND m.key = ?2 AND r.name = ?3 AND d.uri = ?4"),
        name_member_(connection, "UPDATE members SET name = ? WHERE id = ?"),
        identities_(connection, file),
        runs_(connection),
        find_property_(connection, "SELECT value FROM properties WHERE member_id = ? AND name = ?"),
        insert_property_(connection,
                         "INSERT INTO properties(member_id, name, value) VALUES (?, ?, ?)") {}

  void Add(const std::vector<ImportRow>& rows) {
    std::vector<Entry> entries;
    for (const ImportRow& row : rows) {
      entries.push_back(MakeEntry(row, FindPopulation(row)));
      if (!IsOpen(row)) identities_.Announce(row, GroupKey(entries.back()));
    }
    for (const Entry& entry : entries) Store(entry);
  }
  const ImportSummary& summary() const { return summary_; }

 private:
  struct Population {
    int64_t id = 0;
    int64_t members = 0;
    int64_t bare_rows = 0;                             // of this file
    std::map<std::string, int64_t> bare_rows_of;       // by recipe and dataset
    std::map<std::string, int64_t> equal_rows;         // by key and series
    std::map<std::string, std::string> first_members;  // told keys by the usual one
    std::map<std::string, ImportedSeries> series;      // by recipe and dataset
  };

  static bool IsOpen(const ImportRow& row) {
    return row.state == RunState::kPending || row.state == RunState::kRunning;
  }

  // What keys of the runs of one member and series begin with. The names are left out where there
  // are none, as in files made before they could be given.
  static Json GroupKey(const Entry& entry) {
    const ImportRow& row = entry.row;
    Json key = Json::array({"imported", row.population, entry.member_key});
    if (row.recipe != kImported || row.dataset != kImported) {
      key.insert(key.end(), {row.recipe, row.dataset});
    }
    return key;
  }

  void Store(const Entry& entry) {
    const ImportRow& row = entry.row;
    Population& population = FindPopulation(row);
    const ImportedSeries& series = FindSeries(row, population);
    const std::optional<int64_t> model = FindModel(row);
    const int64_t member = FindMember(entry, population, model);
    StoreProperties(entry, member);
    if (IsOpen(row)) {
      ++summary_.open;
      return;
    }
    const RunIdentities::Identity identity =
        identities_.Resolve(row, GroupKey(entry), series.id, member);
    Count(runs_.Store({row, identity, series, member, model}, file_));
  }

  [[noreturn]] void Fail(const ImportRow& row, const std::string& what) const {
    throw Error(ImportPlace(file_, row) + ": " + what);
  }

  Population& FindPopulation(const ImportRow& row) {
    const auto [at, fresh] = populations_.try_emplace(row.population);
    if (!fresh) return at->second;
    Population& population = at->second;
    sqlite::Statement find(
        connection_,
        "SELECT id, origin, (SELECT count(*) FROM members WHERE population_id = p.id)"
        " FROM populations p WHERE name = ?",
        row.population);
    if (find.Step()) {
      if (find.Text(1) != "imported") {
        Fail(row, "population '" + row.population + "' was " + find.Text(1) + " in " +
                      connection_.path() + ", not imported; give it another name here");
      }
      population.id = find.Int(0);
      population.members = find.Int(2);
    } else {
      sqlite::Statement(connection_,
                        "INSERT INTO populations(key, name, origin, candidates, sampler_version)"
                        " VALUES (?, ?, 'imported', 0, 0)",
                        ImportedPopulationKey(row.population), row.population)
          .Run();
      population.id = connection_.LastInsertId();
      ++summary_.populations;
    }
    return population;
  }

  const ImportedSeries& FindSeries(const ImportRow& row, Population& population) {
    const auto [at, fresh] =
        population.series.try_emplace(Json::array({row.recipe, row.dataset}).dump());
    if (!fresh) return at->second;
    ImportedSeries& series = at->second;
    series.recipe_id =
        StoreRecipe(connection_, {ImportedKey("recipe", row.recipe), row.recipe, "{}"});
    series.dataset_id =
        StoreDataset(connection_, {ImportedKey("dataset", row.dataset), row.dataset, 0, 0, 0});
    series.id = StoreSeries(connection_, population.id, series.recipe_id, series.dataset_id);
    return series;
  }

  std::optional<int64_t> FindModel(const ImportRow& row) {
    if (row.hash.empty()) return std::nullopt;
    if (row.model) return writer_.StoreModel(*row.model, row.hash, CountComplexity(*row.model));
    const std::optional<int64_t> id = writer_.FindModel(row.hash);
    if (!id) {
      Fail(row, "no model " + row.hash + " in " + connection_.path() +
                    "; add a column 'model' with its JSON");
    }
    return id;
  }

  // The member's own lr and weight decay, taken out of the properties.
  std::optional<double> TakeOverride(const ImportRow& row, Entry& entry, const char* name,
                                     double low, double high) const {
    const auto at = entry.properties.find(name);
    if (at == entry.properties.end()) return std::nullopt;
    const double value = at->second;
    if (value < low || value > high) {
      Fail(row, std::string(name) + " must be from " + FormatDouble(low) + " to " +
                    FormatDouble(high) + ", not " + FormatDouble(value));
    }
    entry.properties.erase(at);
    return value;
  }

  // Members that were different where the row comes from, but have the same network, lr and weight
  // decay here, stay different: the first has the usual key.
  std::string KeyWithModel(const Entry& entry, Population& population) {
    const std::string& told = entry.row.member_key;
    const Overrides& own = entry.overrides;
    std::string key = MemberKey(entry.row.hash, own);
    if (told.empty()) return key;
    const auto [first, fresh] = population.first_members.emplace(key, told);
    find_equal_.Bind(population.id, told, entry.row.hash, own.lr, own.weight_decay);
    if (find_equal_.Step()) return told;
    return fresh || first->second == told ? key : ShortHash(Json::array({key, told}).dump());
  }

  // Nothing tells the row from others: the nth of a population and series is its nth bare member.
  // They once were numbered over all series of the population.
  std::string BareKey(const ImportRow& row, Population& population) {
    const std::string old_key = ShortHash(Json{{"row", population.bare_rows++}}.dump());
    const Json series = Json::array({row.recipe, row.dataset});
    Json key = {{"row", population.bare_rows_of[series.dump()]++}};
    if (row.recipe != kImported || row.dataset != kImported) {
      find_bare_.Bind(population.id, old_key, row.recipe, row.dataset);
      if (find_bare_.Step()) return old_key;
      key["series"] = series;
    }
    return ShortHash(key.dump());
  }

  // A network without a model that has a name.
  static std::string NamedKey(const Entry& entry) {
    return ShortHash(
        Json{{"name", entry.row.name}, {"overrides", OverridesToJson(entry.overrides)}}.dump());
  }

  // Rows that no name tells apart are members each: the nth with these properties and this seed.
  // They once were repeats of one member, and are where the file has them so.
  std::string UnnamedKey(const ImportRow& row, Population& population) {
    Json key = {{"properties", row.properties}};
    const std::string shared_key = ShortHash(key.dump());
    if (row.seed) key["seed"] = *row.seed;
    const Json series = Json::array({key, row.recipe, row.dataset});
    const int64_t number = population.equal_rows[series.dump()]++;
    if (number > 0) key["number"] = number;
    const std::string own_key = ShortHash(key.dump());
    find_member_.Bind(population.id, own_key);
    if (find_member_.Step()) return own_key;
    find_repeat_.Bind(population.id, shared_key, row.recipe, row.dataset, row.seed);
    find_repeat_.Step();
    const bool repeat = row.seed ? find_repeat_.Int(1) > 0 : find_repeat_.Int(0) > number;
    return repeat ? shared_key : own_key;
  }

  Entry MakeEntry(const ImportRow& row, Population& population) {
    Entry entry{row, {}, row.properties, ""};
    entry.overrides.lr = TakeOverride(row, entry, "lr", kMinLr, kMaxLr);
    for (const char* name : {"weight_decay", "wd"}) {
      const auto value = TakeOverride(row, entry, name, 0, kMaxWeightDecay);
      if (value) entry.overrides.weight_decay = value;
    }
    if (!row.hash.empty()) {
      entry.member_key = KeyWithModel(entry, population);
    } else if (!row.member_key.empty()) {
      entry.member_key = row.member_key;
    } else if (!row.name.empty()) {
      entry.member_key = NamedKey(entry);
    } else if (!row.identity.empty()) {
      const Json key = {{"properties", row.properties}, {"identity", row.identity}};
      entry.member_key = ShortHash(key.dump());
    } else if (!row.properties.empty()) {
      entry.member_key = UnnamedKey(row, population);
    } else {
      entry.member_key = BareKey(row, population);
    }
    return entry;
  }

  int64_t FindMember(const Entry& entry, Population& population, std::optional<int64_t> model) {
    find_member_.Bind(population.id, entry.member_key);
    if (find_member_.Step()) {
      if (find_member_.IsNull(1) == model.has_value()) {
        Fail(entry.row,
             "member_key " + entry.member_key + " is another network in " + connection_.path());
      }
      return find_member_.Int(0);
    }
    const Model* drawn = entry.row.model ? &*entry.row.model : nullptr;
    const std::optional<int64_t> id =
        writer_.InsertMember(population.id, population.members++, entry.member_key, std::nullopt,
                             model, drawn, entry.overrides);
    ++summary_.members;
    if (!entry.row.name.empty()) name_member_.Bind(entry.row.name, id.value()).Run();
    return id.value();
  }

  void StoreProperties(const Entry& entry, int64_t member) {
    for (const auto& [name, value] : entry.properties) {
      find_property_.Bind(member, name);
      if (!find_property_.Step()) {
        insert_property_.Bind(member, name, value).Run();
      } else if (find_property_.Real(0) != value) {
        Fail(entry.row, "'" + name + "' is " + FormatDouble(value) + " here, but was " +
                            FormatDouble(find_property_.Real(0)) +
                            " for the same network; a property cannot differ between repeats");
      }
    }
  }

  void Count(ImportedRuns::Outcome outcome) {
    switch (outcome) {
      case ImportedRuns::Outcome::kNew:
        ++summary_.runs;
        break;
      case ImportedRuns::Outcome::kKnown:
        ++summary_.known;
        break;
      case ImportedRuns::Outcome::kUpdated:
        ++summary_.updated;
    }
  }

  sqlite::Connection& connection_;
  std::string file_;
  MemberWriter writer_;
  sqlite::Statement find_member_;
  sqlite::Statement find_equal_;
  sqlite::Statement find_bare_;
  sqlite::Statement find_repeat_;
  sqlite::Statement name_member_;
  RunIdentities identities_;
  ImportedRuns runs_;
  sqlite::Statement find_property_;
  sqlite::Statement insert_property_;
  std::map<std::string, Population> populations_;
  ImportSummary summary_;
};

}  // namespace

bool IsHashText(const std::string& text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

ImportSummary ImportRows(Database& db, const std::vector<ImportRow>& rows,
                         const std::string& file) {
  if (rows.empty()) return {};
  sqlite::Connection& connection = WritableConnection(db);
  sqlite::Transaction transaction(connection, sqlite::Transaction::Kind::kWrite);
  Importer importer(connection, file);
  importer.Add(rows);
  transaction.Commit();
  return importer.summary();
}

}  // namespace dse
