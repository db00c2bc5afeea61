#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dse {

// Takes the bytes of an export in order. May throw.
using ByteSink = std::function<void(std::string_view)>;
// Takes a file of an export. May throw.
using FileSink = std::function<void(const std::string& name, std::string_view text)>;

// What was written, and what was not and why.
struct ExportSummary {
  int64_t written = 0;                // rows, jobs or files
  int64_t open = 0;                   // runs still pending or running
  int64_t without_network = 0;        // imported numbers without a model
  int64_t without_training = 0;       // runs whose learning rate or weight decay is not known
  int64_t untested = 0;               // jobs written without a test error, for they are not done
  int64_t inexpressible = 0;          // networks pycls has not
  std::vector<std::string> examples;  // the first ten: "HASH: reason"
  std::set<std::string> left_out;     // recipe keys pycls has no word for
};

// Every export (export_table.h, export_pycls.h) reads the series that `filter` lets through a few
// hundred rows at a time, in sweeps with their learning curves: memory does not grow with the runs,
// though names are kept, of series and properties and for YAML of the files written. No lock is
// held while bytes are taken, so trainings go on behind a slow reader. Rows come by series, member
// and run. Throws Error for a name in the filter that is not in the file and suggests the nearest.

}  // namespace dse
