#include "analysis/fit/missing_fits.h"

#include <catch2/catch.hpp>

#include "analysis/fit/quantized_linear_fit.h"
#include "analysis/fit/refined_fit.h"
#include "tests/analysis/study/study_records.h"

namespace dse::missing_fits_test {
namespace {

Fit GridFit(const MemberRecord& member) { return FitQuantizedLinear(BlockWidths(*member.model)); }

// Three networks without a fit, one of them twice; a member with a fit, and one without a model.
std::vector<SeriesRecord> SomeSeries() {
  std::vector<SeriesRecord> series = {
      Series("a", {ModelMember(0, {}, {1, 2}, {16, 32}), ModelMember(1, {}, {2, 2}, {24, 64})}),
      Series("b", {ModelMember(0, {}, {1, 2}, {16, 32}), ModelMember(1, {}, {3, 1}, {8, 128}),
                   ModelMember(2, {}, {4, 4}, {32, 48}), Member(3, {})})};
  series[1].members[2].fit = Fit{1, 2, 3, 4};
  return series;
}

TEST_CASE("missing fits are those of members with a model and no fit, each network once",
          "[missing_fits]") {
  std::vector<SeriesRecord> series = SomeSeries();
  MissingFits missing(series, kDefaultGridName);
  CHECK(missing.total() == 3);
  CHECK(missing.computed() == 0);
  const auto first = missing.ComputeNext(2);
  REQUIRE(first.size() == 2);
  CHECK(first[0].first < first[1].first);
  CHECK_FALSE(missing.done());
  CHECK(missing.ComputeNext(2).size() == 1);
  CHECK(missing.done());
  CHECK(missing.ComputeNext(2).empty());

  missing.FillIn(series);
  CHECK(series[0].members[0].fit == GridFit(series[0].members[0]));
  CHECK(series[0].members[1].fit == GridFit(series[0].members[1]));
  CHECK(series[1].members[0].fit == series[0].members[0].fit);
  CHECK(series[1].members[1].fit == GridFit(series[1].members[1]));
  CHECK(series[1].members[2].fit == Fit{1, 2, 3, 4});
  CHECK_FALSE(series[1].members[3].fit);
}

TEST_CASE("missing fits are over continuous parameters where their name says so",
          "[missing_fits]") {
  std::vector<SeriesRecord> series = SomeSeries();
  MissingFits missing(series, kRefinedFitName);
  missing.ComputeNext(100);
  missing.FillIn(series);
  const MemberRecord& member = series[0].members[1];
  CHECK(member.fit == RefineQuantizedLinear(BlockWidths(*member.model), GridFit(member)).fit);
}

TEST_CASE("series that lack no fit need none computed", "[missing_fits]") {
  MissingFits missing({}, kDefaultGridName);
  CHECK(missing.done());
  CHECK(missing.total() == 0);
}

}  // namespace
}  // namespace dse::missing_fits_test
