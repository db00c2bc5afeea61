#include "analysis/study/condition.h"

#include <catch2/catch.hpp>

#include "core/error.h"

namespace dse::condition_test {
namespace {

bool Meets(const char* condition, double value) {
  return Holds(ParseConditions(condition).at(0), value);
}

TEST_CASE("every relation holds where it should and nowhere else", "[condition]") {
  struct Row {
    const char* text;
    bool below, equal, above;
  };
  const Row rows[] = {{"x<2", true, false, false},    {"x<=2", true, true, false},
                      {"x=2", false, true, false},    {"x==2", false, true, false},
                      {"x!=2", true, false, true},    {"x>=2", false, true, true},
                      {" x > 2 ", false, false, true}};
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(Meets(row.text, 1.5) == row.below);
    CHECK(Meets(row.text, 2) == row.equal);
    CHECK(Meets(row.text, 2.5) == row.above);
  }
}

TEST_CASE("numbers take suffixes and equality forgives rounding", "[condition]") {
  CHECK(ParseConditions("flops<400M").at(0).value == 400e6);
  CHECK(ParseConditions("flops<3.2g").at(0).value == 3.2e9);
  CHECK(ParseConditions("lr=5e-05").at(0).value == 5e-5);
  CHECK(ParseConditions("x>-1.5").at(0).value == -1.5);
  CHECK(Meets("lr=0.3", 0.1 + 0.2));
  CHECK_FALSE(Meets("lr<0.3", 0.1 + 0.2 - 1e-17));
  CHECK(Meets("x=0", 0));
}

TEST_CASE("several conditions are joined by commas and keep their text", "[condition]") {
  const std::vector<Condition> conditions = ParseConditions("depth>=12, w1<64");
  REQUIRE(conditions.size() == 2);
  CHECK(conditions[0].property == "depth");
  CHECK(conditions[0].text == "depth>=12");
  CHECK(conditions[1].property == "w1");
  CHECK(conditions[1].relation == Relation::kLess);
}

TEST_CASE("what is no condition is refused with a sentence", "[condition]") {
  CHECK_THROWS_WITH(ParseConditions("depth"), Catch::Contains("needs one of < <= = != >= >"));
  CHECK_THROWS_WITH(ParseConditions(">=12"), Catch::Contains("names no property before >="));
  CHECK_THROWS_WITH(ParseConditions("depth>=twelve"), Catch::Contains("'twelve' is no number"));
  CHECK_THROWS_WITH(ParseConditions("depth>="), Catch::Contains("'' is no number"));
  CHECK_THROWS_WITH(ParseConditions("depth>=1e999"), Catch::Contains("is no number"));
  CHECK_THROWS_WITH(ParseConditions("depth!12"), Catch::Contains("!= is"));
  CHECK_THROWS_WITH(ParseConditions("depth>1,,w1>2"), Catch::Contains("nothing at position 9"));
  CHECK_THROWS_AS(ParseConditions(""), Error);
  CHECK_THROWS_AS(ParseConditions("depth>=nan"), Error);
}

}  // namespace
}  // namespace dse::condition_test
