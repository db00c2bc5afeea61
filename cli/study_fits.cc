#include "cli/study_fits.h"

#include <algorithm>
#include <map>

#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/refined_fit.h"
#include "cli/progress.h"
#include "core/parallel.h"
#include "db/fits.h"

namespace dse {
namespace {

Fit Compute(const Model& model, bool refined) {
  const std::vector<int> widths = BlockWidths(model);
  const Fit fit = FitQuantizedLinear(widths);
  return refined ? RefineQuantizedLinear(widths, fit).fit : fit;
}

using MissingFits = std::map<std::string, std::pair<const Model*, Fit>>;  // by hash

constexpr size_t kPiece = 1000;  // computed, then stored in one transaction

void ComputeAndStore(Database& db, const std::string& name, bool quiet, MissingFits& missing) {
  std::vector<MissingFits::value_type*> all;
  for (MissingFits::value_type& fit : missing) all.push_back(&fit);
  const auto total = static_cast<int64_t>(all.size());
  ProgressLine progress("fitting networks", quiet || all.size() <= kPiece);
  for (size_t begin = 0; begin < all.size(); begin += kPiece) {
    const std::span piece = std::span(all).subspan(begin, std::min(kPiece, all.size() - begin));
    ParallelFor(static_cast<int64_t>(piece.size()), AllThreads(), [&](int64_t i) {
      auto& [model, fit] = piece[static_cast<size_t>(i)]->second;
      fit = Compute(*model, name == kRefinedFitName);
    });
    progress.Update(static_cast<int64_t>(begin + piece.size()), total, "");
    if (db.read_only()) continue;
    std::vector<std::pair<std::string, Fit>> rows;
    for (const MissingFits::value_type* fit : piece) {
      rows.emplace_back(fit->first, fit->second.second);
    }
    StoreFits(db, name, rows);
  }
}

}  // namespace

void CompleteFits(Database& db, const std::string& name, bool quiet,
                  std::vector<SeriesRecord>& series) {
  MissingFits missing;
  for (const SeriesRecord& record : series) {
    for (const MemberRecord& member : record.members) {
      if (member.model && !member.fit) missing.try_emplace(member.hash, &*member.model, Fit{});
    }
  }
  ComputeAndStore(db, name, quiet, missing);
  for (SeriesRecord& record : series) {
    for (MemberRecord& member : record.members) {
      if (member.model && !member.fit) member.fit = missing.at(member.hash).second;
    }
  }
}

void StoreFitsOf(Database& db, std::span<const Draw> draws) {
  std::vector<std::pair<std::string, Fit>> fits;
  for (const Draw& draw : draws) {
    fits.emplace_back(draw.hash, FitQuantizedLinear(BlockWidths(draw.model)));
  }
  StoreFits(db, kDefaultGridName, fits);
}

}  // namespace dse
