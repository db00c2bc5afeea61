#pragma once

#include "db/database.h"
#include "db/exchange/export.h"
#include "db/series.h"

namespace dse {

// A run of the view `results` a row, with the member's model as JSON and its imported properties.
// RFC 4180 with a header and CRLF; numbers are the shortest text that reads back as the same
// double; NULL is an empty field. What ParseCsvImport makes of it is the same again (README of this
// folder, "Export").
ExportSummary ExportCsv(Database& db, const SeriesFilter& filter, const ByteSink& sink);

// The same as a JSON object a line: lists, the model and the properties are JSON values.
ExportSummary ExportJsonLines(Database& db, const SeriesFilter& filter, const ByteSink& sink);

}  // namespace dse
