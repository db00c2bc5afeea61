#include "cli/study_fits.h"

#include <map>

#include "analysis/quantized_linear_fit.h"
#include "analysis/refined_fit.h"
#include "core/parallel.h"
#include "db/populations.h"

namespace dse {
namespace {

Fit Compute(const Model& model, bool refined) {
  const std::vector<int> widths = BlockWidths(model);
  const Fit fit = FitQuantizedLinear(widths);
  return refined ? RefineQuantizedLinear(widths, fit).fit : fit;
}

}  // namespace

void CompleteFits(Database& db, const std::string& name, std::vector<SeriesRecord>& series) {
  std::map<std::string, std::pair<const Model*, Fit>> missing;
  for (const SeriesRecord& record : series) {
    for (const MemberRecord& member : record.members) {
      if (member.model && !member.fit) missing.try_emplace(member.hash, &*member.model, Fit{});
    }
  }
  if (missing.empty()) return;
  std::vector<std::pair<const Model*, Fit>*> work;
  for (auto& [hash, fit] : missing) work.push_back(&fit);
  ParallelFor(static_cast<int64_t>(work.size()), AllThreads(), [&](int64_t i) {
    auto& [model, fit] = *work[static_cast<size_t>(i)];
    fit = Compute(*model, name == kRefinedFitName);
  });
  for (SeriesRecord& record : series) {
    for (MemberRecord& member : record.members) {
      if (member.model && !member.fit) member.fit = missing.at(member.hash).second;
    }
  }
  if (db.read_only()) return;
  std::vector<std::pair<std::string, Fit>> rows;
  for (const auto& [hash, fit] : missing) rows.emplace_back(hash, fit.second);
  StoreFits(db, name, rows);
}

void StoreFitsOf(Database& db, std::span<const Draw> draws) {
  std::vector<std::pair<std::string, Fit>> fits;
  for (const Draw& draw : draws) {
    fits.emplace_back(draw.hash, FitQuantizedLinear(BlockWidths(draw.model)));
  }
  StoreFits(db, kDefaultGridName, fits);
}

}  // namespace dse
