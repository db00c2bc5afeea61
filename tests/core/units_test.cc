#include "core/units.h"

#include <catch2/catch.hpp>

#include "core/error.h"

namespace dse::units_test {
namespace {

TEST_CASE("counts are read with and without suffixes", "[units]") {
  CHECK(ParseCount("360M") == 360'000'000);
  CHECK(ParseCount("3.2G") == 3'200'000'000);
  CHECK(ParseCount("1.001k") == 1001);
  CHECK(ParseCount("0") == 0);
  CHECK(ParseCount("12") == 12);
  for (const char* bad : {"", "M", "-1", "1.5", "3.2.1M", "1e400", "360MF", "nan", " 1"}) {
    INFO(bad);
    CHECK_THROWS_AS(ParseCount(bad), Error);
  }
}

TEST_CASE("bands are closed and may not be empty", "[units]") {
  const Band band = ParseBand("360M:400M");
  CHECK(band.Contains(360'000'000));
  CHECK(band.Contains(400'000'000));
  CHECK(!band.Contains(400'000'001));
  CHECK_THROWS_WITH(ParseBand("400M:360M"),
                    "the band '400M:360M' is empty: its low end is above its high end");
  CHECK_THROWS_WITH(ParseBand("400M"), "'400M' is not a band; write LO:HI such as 360M:400M");
}

TEST_CASE("a band is printed as it would be typed and reads back the same", "[units]") {
  for (const char* text : {"360M:400M", "3.2G:3.3G", "8M:16M", "0:1", "199040872:199040873"}) {
    CHECK(FormatBand(ParseBand(text)) == text);
  }
}

TEST_CASE("counts for people have three digits", "[units]") {
  CHECK(FormatCount(397678568) == "398M");
  CHECK(FormatCount(5157512) == "5.16M");
  CHECK(FormatCount(12086679016) == "12.1G");
  CHECK(FormatCount(999) == "999");
  CHECK(FormatCount(999'900) == "1.00M");
}

TEST_CASE("durations are read in every form", "[units]") {
  CHECK(ParseDuration("90") == 90);
  CHECK(ParseDuration("90s") == 90);
  CHECK(ParseDuration("1.5h") == 5400);
  CHECK(ParseDuration("15m") == 900);
  CHECK(ParseDuration("1:30:00") == 5400);
  CHECK(ParseDuration("2:05") == 125);
  for (const char* bad : {"", "h", "1:2:3:4", "-5", "5 m"}) {
    CHECK_THROWS_AS(ParseDuration(bad), Error);
  }
  CHECK(FormatDuration(5025) == "1h 23m 45s");
  CHECK(FormatDuration(59.6) == "1m 0s");
}

TEST_CASE("doubles are printed in the shortest form that reads back", "[units]") {
  CHECK(FormatDouble(24.5) == "24.5");
  CHECK(FormatDouble(0.1) == "0.1");
  CHECK(FormatDouble(1e-5) == "1e-05");
}

TEST_CASE("numbers are written as printf writes them, however long", "[units]") {
  CHECK(FormatNumber("%.2f", 41.237) == "41.24");
  CHECK(FormatNumber("%.3g%%", 5) == "5%");
  CHECK(FormatNumber("%.0f", -1e308).size() == 310);  // the sign and 309 digits
}

}  // namespace
}  // namespace dse::units_test
