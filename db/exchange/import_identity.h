#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/json.h"
#include "db/exchange/import.h"
#include "db/sqlite/sqlite.h"

namespace dse {

// A run of the file that an imported row may be.
struct StoredRun {
  int64_t id = 0;
  std::string state;
  std::optional<double> error;
  std::optional<double> best_error;
  int64_t seed = 0;
};
bool SameOutcome(const StoredRun& run, const ImportRow& row);

// Which run a row is. Rows of one member and series ("group") are told apart by the seed where it
// is given, by the log file where it is given and none other of the group has it, and else by their
// number among the rows that have neither. All rows of a file are announced before the first is
// resolved. Use within a transaction.
class RunIdentities {
 public:
  RunIdentities(sqlite::Connection& connection, std::string file);

  // `group`: the JSON array that keys of the group begin with. Throws Error (file, place) for a
  // seed of a CSV file that an earlier row of the group has.
  void Announce(const ImportRow& row, const Json& group);

  struct Identity {
    std::string key;
    std::optional<StoredRun> stored;
    int64_t seed = 0;  // for a run that is not stored yet
  };
  Identity Resolve(const ImportRow& row, const Json& group, int64_t series_id, int64_t member_id);

 private:
  struct Group {
    std::map<int64_t, int64_t> seeds;     // given ones, with the line or job that gave them first
    std::set<int64_t> repeated_seeds;     // of jobs
    std::map<std::string, int64_t> logs;  // how often they are there
    int64_t rows = 0;
    int64_t resolved = 0;
    int64_t number = 0;                             // of the next row without seed and log
    int64_t free_seed = 0;                          // none below is free
    std::optional<std::set<int64_t>> stored_seeds;  // of the member's runs, once they are read
    std::optional<std::vector<StoredRun>> placed;   // stored by their place, once they are read
    std::set<int64_t> adopted;                      // runs found by their place in an older import
  };
  bool HasSeed(const ImportRow& row, const Group& group) const;
  std::optional<StoredRun> FindKey(const std::string& key);
  std::optional<StoredRun> FindSeed(int64_t series_id, int64_t member_id, int64_t seed,
                                    const std::string& key, const std::string& old_key,
                                    Group& group);
  std::set<int64_t>& StoredSeeds(int64_t series_id, int64_t member_id, Group& group);
  std::optional<StoredRun> Adopt(const ImportRow& row, const Json& prefix, const std::string& key,
                                 int64_t place, Group& group);
  int64_t FreeSeed(int64_t series_id, int64_t member_id, int64_t wish, Group& group);

  std::string file_;
  std::map<std::string, Group> groups_;
  sqlite::Statement find_key_;
  sqlite::Statement find_seed_;
  sqlite::Statement find_seeds_;
  sqlite::Statement set_key_;
};

}  // namespace dse
