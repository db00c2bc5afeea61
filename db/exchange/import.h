#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "db/database.h"

namespace dse {

// One training of an imported file. A member is told apart by its model with lr and weight decay,
// or without a model by `member_key`, else by `name` with lr and weight decay, else by `identity`
// and all its properties; a row with none of these is a member of its own. Rows with one model, lr
// and weight decay but several `member_key` are members each. Rows of one member, recipe and
// dataset are its repeats (db/exchange/import_identity.h).
struct ImportRow {
  int64_t line = 0;  // of a CSV file, from 1
  int64_t job = 0;   // of a sweep.json, from 1
  std::string population;
  std::string recipe = "imported";  // names, nothing more is known of them
  std::string dataset = "imported";
  std::optional<Model> model;
  std::string hash;  // of `model`, or of a model the file knows; "" without either
  std::string name;  // of a network without a model, "" = none
  RunState state = RunState::kDone;
  std::optional<double> error;
  std::optional<double> best_error;
  std::optional<int64_t> seed;       // tells repeats apart; absent = the next that is free
  std::optional<int64_t> told_seed;  // is stored where it is free, and tells nothing apart
  std::string log_file;              // tells repeats of a sweep apart
  std::optional<double> seconds;
  std::optional<double> img_per_s;
  std::optional<int64_t> micro_batch;
  std::string message;              // why it failed
  std::vector<EpochRecord> epochs;  // its learning curve
  std::string identity;             // what else tells members without a model apart
  std::string member_key;           // of the file it was exported from
  std::map<std::string, double> properties;
};

// The largest lr, weight decay, time and speed that the file takes.
inline constexpr double kMaxStored = 1e300;

// 16 hexadecimal digits.
bool IsHashText(const std::string& text);

struct ImportSummary {
  int64_t populations = 0;
  int64_t members = 0;  // new ones
  int64_t runs = 0;     // new ones
  int64_t known = 0;    // rows that were there already, equal
  int64_t updated = 0;  // jobs of a sweep that had not ended when it was imported before
  int64_t open = 0;     // rows pending or running: members, but no runs
};

// Writes the rows in one transaction, all or none. Importing the same file again changes nothing.
// Throws Error naming file, line or job and reason: a hash the file does not know, a seed twice, a
// row that contradicts a stored one, a population that was drawn and not imported.
ImportSummary ImportRows(Database& db, const std::vector<ImportRow>& rows, const std::string& file);

}  // namespace dse
