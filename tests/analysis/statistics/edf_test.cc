#include "analysis/statistics/edf.h"

#include <catch2/catch.hpp>
#include <limits>

#include "analysis/study/edf_plot.h"
#include "core/error.h"

namespace dse::edf_test {
namespace {

TEST_CASE("an EDF has one point per distinct error", "[edf]") {
  const std::vector<double> errors = {50, 40, 50, 45};
  const Edf edf = MakeEdf(errors);
  CHECK(edf.n == 4);
  CHECK(edf.points == std::vector<EdfPoint>{{40, 0.25}, {45, 0.5}, {50, 1}});
  CHECK(errors == std::vector<double>{50, 40, 50, 45});
}

TEST_CASE("an EDF counts the errors up to and with its argument", "[edf]") {
  const Edf edf = MakeEdf(std::vector<double>{40, 45, 50, 50});
  CHECK(EdfAt(edf, 39.9) == 0);
  CHECK(EdfAt(edf, 40) == 0.25);
  CHECK(EdfAt(edf, 49.9) == 0.5);
  CHECK(EdfAt(edf, 50) == 1);
  CHECK(EdfAt(edf, 100) == 1);
}

TEST_CASE("the EDF of equal errors is one step", "[edf]") {
  const Edf edf = MakeEdf(std::vector<double>{7, 7, 7});
  CHECK(edf.points == std::vector<EdfPoint>{{7, 1}});
}

TEST_CASE("an EDF of no or broken errors throws", "[edf]") {
  CHECK_THROWS_AS(MakeEdf({}), Error);
  CHECK_THROWS_AS(MakeEdf(std::vector<double>{1, std::numeric_limits<double>::quiet_NaN()}), Error);
  CHECK_THROWS_AS(DkwHalfWidth(0), Error);
}

TEST_CASE("the DKW band is sqrt(log(2 / 0.05) / 2n) to both sides inside 0..1", "[edf]") {
  CHECK(DkwHalfWidth(100) == Approx(0.1358101515740620).epsilon(1e-12));  // sqrt(log(40) / 200)
  CHECK(DkwHalfWidth(50, 0.9) == Approx(0.17308183826022852).epsilon(1e-12));  // sqrt(log(20)/100)
  std::vector<double> errors(100);
  for (size_t i = 0; i < errors.size(); ++i) errors[i] = static_cast<double>(i);
  const std::vector<Interval> band = DkwBand(MakeEdf(errors));
  REQUIRE(band.size() == 100);
  CHECK(band[0].low == 0);
  CHECK(band[0].high == Approx(0.145810151574062).epsilon(1e-12));
  CHECK(band[49].low == Approx(0.364189848425938).epsilon(1e-12));
  CHECK(band[99].high == 1);
}

TEST_CASE("the pointwise band is Clopper-Pearson at each point", "[edf]") {
  const std::vector<Interval> band =
      ClopperPearsonBand(MakeEdf(std::vector<double>{1, 1, 1, 2, 3, 4, 5, 6, 7, 8}));
  REQUIRE(band.size() == 8);
  // 3 of 10 and 10 of 10: SciPy 1.17.1, binomtest(3, 10).proportion_ci(0.95, "exact")
  CHECK(band[0].low == Approx(0.06673951117773447).epsilon(1e-12));
  CHECK(band[0].high == Approx(0.652452850060008).epsilon(1e-12));
  CHECK(band[7].low == Approx(0.6915028921812371).epsilon(1e-12));
  CHECK(band[7].high == 1);
}

TEST_CASE("the plot is filled where the EDF reaches the level of the line", "[edf]") {
  // F is 0.5 from 0 on and 1 at 59 alone, the last of 60 columns.
  const std::string plot = PlotEdf(MakeEdf(std::vector<double>{0, 59}), 59);
  const std::string blanks(59, ' ');
  const std::string full(60, '#');
  std::string expected;
  for (const char* level : {"1.0", "0.9", "0.8", "0.7", "0.6"}) {
    expected += std::string("  ") + level + " |" + blanks + "#\n";
  }
  for (const char* level : {"0.5", "0.4", "0.3", "0.2", "0.1"}) {
    expected += std::string("  ") + level + " |" + full + "\n";
  }
  expected += "      +" + std::string(60, '-') + "\n";
  expected += "       0.00" + std::string(43, ' ') + "59.00 % error\n";
  CHECK(plot == expected);
  CHECK_THROWS_AS(PlotEdf(MakeEdf(std::vector<double>{5, 5}), 5), Error);
}

}  // namespace
}  // namespace dse::edf_test
