#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "db/database.h"

namespace dse {

// One line of an imported file. A member is told apart by its model with lr and weight decay, or
// without a model by all its properties; rows of one member are its repeats.
struct ImportRow {
  int64_t line = 0;
  std::string population;
  std::optional<Model> model;
  std::string hash;  // of `model`, or of a model the file knows; "" without either
  RunState state = RunState::kDone;
  std::optional<double> error;
  std::optional<double> best_error;
  std::map<std::string, double> properties;
};

// CSV (RFC 4180, header first): `population` and `error` (empty = failed), optional `model` (model
// JSON), `hash`, `state`, `best_error`; every other column is a property where it is numeric or
// empty. Throws Error "FILE:LINE: reason" at the first bad row.
std::vector<ImportRow> ParseCsvImport(std::string_view text, const std::string& file);

struct ImportSummary {
  int64_t populations = 0;
  int64_t members = 0;  // new ones
  int64_t runs = 0;     // new ones
  int64_t known = 0;    // rows that were there already, equal
};

// Writes the rows in one transaction, all or none. Importing the same file again changes nothing.
// Throws Error naming file, line and reason: a hash the file does not know, a row that contradicts
// a stored one, a population that was drawn and not imported.
ImportSummary ImportRows(Database& db, const std::vector<ImportRow>& rows, const std::string& file);

}  // namespace dse
