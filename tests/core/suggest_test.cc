#include "core/suggest.h"

#include <catch2/catch.hpp>

namespace dse::suggest_test {
namespace {

const std::vector<std::string> kNames = {"AnyNetXA", "AnyNetXB", "RegNetX", "width", "depth"};

TEST_CASE("the nearest name is found whatever its case", "[suggest]") {
  CHECK(Nearest("anynetxa", kNames) == "AnyNetXA");
  CHECK(Nearest("RegNtX", kNames) == "RegNetX");
  CHECK(Nearest("widht", kNames) == "width");
  CHECK(DidYouMean("widht", kNames) == ", did you mean 'width'?");
}

TEST_CASE("lengths that differ by what a slip may change are still looked at", "[suggest]") {
  // A word of n letters may be n/3 changes away: "widthxx" (7) two from "width", "widthxxx" three.
  CHECK(Nearest("widthxx", kNames) == "width");
  CHECK(Nearest("widthxxx", kNames).empty());
  CHECK(Nearest(std::string(1'000'000, 'q'), kNames).empty());
}

TEST_CASE("nothing is suggested for a word that is near nothing", "[suggest]") {
  CHECK(Nearest("banana", kNames).empty());
  CHECK(Nearest("", kNames).empty());
  CHECK(DidYouMean("banana", kNames).empty());
  CHECK(Nearest("width", {}).empty());
}

}  // namespace
}  // namespace dse::suggest_test
