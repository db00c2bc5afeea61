#pragma once

#include <string>
#include <vector>

#include "db/exchange/import.h"

namespace dse {

// The jobs of a sweep.json of pycls.
struct SweepImport {
  std::vector<ImportRow> rows;
  // "job 3: reason" of networks that are none of ours; these rows have no model but what the file
  // tells of flops, params and acts as properties.
  std::vector<std::string> without_model;
};

// README of this folder, "Imported sweeps", tells what becomes of a job. `text` is overwritten.
// Throws Error with file and place, or file and job, at the first that cannot be read.
SweepImport ParseSweepImport(std::string& text, const std::string& file,
                             const std::string& population);

}  // namespace dse
