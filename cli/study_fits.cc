#include "cli/study_fits.h"

#include <map>

#include "analysis/quantized_linear_fit.h"
#include "db/populations.h"

namespace dse {

void CompleteFits(Database& db, std::vector<SeriesRecord>& series) {
  std::map<std::string, Fit> fits;
  for (SeriesRecord& record : series) {
    for (MemberRecord& member : record.members) {
      if (!member.model || member.fit) continue;
      const auto [found, added] = fits.try_emplace(member.hash);
      if (added) found->second = FitQuantizedLinear(BlockWidths(*member.model));
      member.fit = found->second;
    }
  }
  if (fits.empty() || db.read_only()) return;
  const std::vector<std::pair<std::string, Fit>> rows(fits.begin(), fits.end());
  StoreFits(db, kDefaultGridName, rows);
}

void StoreFitsOf(Database& db, std::span<const Draw> draws) {
  std::vector<std::pair<std::string, Fit>> fits;
  for (const Draw& draw : draws) {
    fits.emplace_back(draw.hash, FitQuantizedLinear(BlockWidths(draw.model)));
  }
  StoreFits(db, kDefaultGridName, fits);
}

}  // namespace dse
