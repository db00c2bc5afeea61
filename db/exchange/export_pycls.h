#pragma once

#include "db/database.h"
#include "db/exchange/export.h"
#include "db/series.h"

namespace dse {

// The array of jobs that pycls' sweep tools write and analyse, a finished run each.
ExportSummary ExportSweep(Database& db, const SeriesFilter& filter, const ByteSink& sink);

// A trainer configuration of pycls for each network with its own learning rate and weight decay,
// named by their hash ("3d146f0385328b1b.yaml"), also of populations that were never trained. With
// a recipe in the filter the training is told too; more than one is an Error.
ExportSummary ExportPyclsYaml(Database& db, const SeriesFilter& filter, const FileSink& sink);

}  // namespace dse
