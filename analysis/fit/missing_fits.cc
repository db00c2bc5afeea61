#include "analysis/fit/missing_fits.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/refined_fit.h"
#include "core/parallel.h"

namespace dse {
namespace {

bool LacksFit(const MemberRecord& member) { return member.model && !member.fit; }

Fit Compute(const Model& model, bool refined) {
  const std::vector<int> widths = BlockWidths(model);
  const Fit fit = FitQuantizedLinear(widths);
  return refined ? RefineQuantizedLinear(widths, fit).fit : fit;
}

}  // namespace

MissingFits::MissingFits(std::span<const SeriesRecord> series, const std::string& name)
    : refined_(name == kRefinedFitName) {
  std::map<std::string, const Model*> networks;
  for (const SeriesRecord& record : series) {
    for (const MemberRecord& member : record.members) {
      if (LacksFit(member)) networks.try_emplace(member.hash, &*member.model);
    }
  }
  for (const auto& [hash, model] : networks) {
    fits_.emplace_back(hash, Fit{});
    models_.push_back(model);
  }
}

std::span<const std::pair<std::string, Fit>> MissingFits::ComputeNext(size_t count) {
  const size_t begin = computed_;
  count = std::min(count, fits_.size() - begin);
  ParallelFor(static_cast<int64_t>(count), AllThreads(), [&](int64_t i) {
    const size_t place = begin + static_cast<size_t>(i);
    fits_[place].second = Compute(*models_[place], refined_);
  });
  computed_ += count;
  return std::span(fits_).subspan(begin, count);
}

void MissingFits::FillIn(std::span<SeriesRecord> series) const {
  assert(done());
  for (SeriesRecord& record : series) {
    for (MemberRecord& member : record.members) {
      if (!LacksFit(member)) continue;
      const auto found =
          std::ranges::lower_bound(fits_, member.hash, {}, &std::pair<std::string, Fit>::first);
      assert(found != fits_.end() && found->first == member.hash);
      member.fit = found->second;
    }
  }
}

}  // namespace dse
