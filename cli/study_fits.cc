#include "cli/study_fits.h"

#include <utility>

#include "analysis/fit/missing_fits.h"
#include "analysis/fit/quantized_linear_fit.h"
#include "cli/progress.h"
#include "db/fits.h"

namespace dse {
namespace {

constexpr int64_t kFitsAtOnce = 1000;  // computed, then stored in one transaction

}  // namespace

void CompleteFits(Database& db, const std::string& name, bool quiet,
                  std::vector<SeriesRecord>& series) {
  MissingFits missing(series, name);
  ProgressLine progress("fitting networks", quiet || missing.total() <= kFitsAtOnce);
  while (!missing.done()) {
    const auto fits = missing.ComputeNext(kFitsAtOnce);
    progress.Update(missing.computed(), missing.total(), "");
    if (!db.read_only()) StoreFits(db, name, fits);
  }
  missing.FillIn(series);
}

void StoreFitsOf(Database& db, std::span<const Draw> draws) {
  std::vector<std::pair<std::string, Fit>> fits;
  for (const Draw& draw : draws) {
    fits.emplace_back(draw.hash, FitQuantizedLinear(BlockWidths(draw.model)));
  }
  StoreFits(db, kDefaultGridName, fits);
}

}  // namespace dse
