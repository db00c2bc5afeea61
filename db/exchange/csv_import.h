#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/exchange/import.h"

namespace dse {

// What the errors of a CSV file are.
enum class ErrorUnit {
  kUnsaid,     // percent; a file whose errors are all within 0..1 is refused, for it may be either
  kPercent,    // 0.25 is a quarter of a percent
  kFractions,  // 0.25 is 25%
};

// CSV (RFC 4180, header first): `population` and `error` (empty = failed), optional `model` (model
// JSON), `hash`, `state`, `best_error`; the columns of ExportCsv (db/exchange/export.h) mean what
// they mean there; every other column is a property where it is numeric or empty. `left_out` takes
// the names of columns that say something and are not read: text, where an exported row was, and a
// first column without a name. Throws Error "FILE:LINE: reason" at the first bad row.
std::vector<ImportRow> ParseCsvImport(std::string_view text, const std::string& file,
                                      ErrorUnit unit = ErrorUnit::kUnsaid,
                                      std::vector<std::string>* left_out = nullptr);

}  // namespace dse
