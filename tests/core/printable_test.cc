#include "core/printable.h"

#include <catch2/catch.hpp>

namespace dse::printable_test {
namespace {

TEST_CASE("what a terminal would obey is shown instead") {
  CHECK(Printable("RegNetX 400MF, 26.1%") == "RegNetX 400MF, 26.1%");
  CHECK(Printable("\x1b[31mred\x07\x7f") == "\\x1b[31mred\\x07\\x7f");
  CHECK(Printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(Printable("\xC2\x9B"
                  "31m") == "\\x9b31m");  // C1: the same as ESC [
  CHECK(Printable("\u202Eabc\u2066\u2028") == "\\u202eabc\\u2066\\u2028");
  CHECK(Printable("") == "");
  CHECK(Printable(std::string_view("a\0b", 3)) == "a\\x00b");
}

TEST_CASE("other languages stay as they are, and broken UTF-8 is shown byte by byte") {
  CHECK(Printable("Größe 大きさ \U0001F600") == "Größe 大きさ \U0001F600");
  CHECK(Printable("a\xFF\xFEz") == "a\\xff\\xfez");
  CHECK(Printable("\xC3") == "\\xc3");
  CHECK(Printable("\xC0\xAF") == "\\xc0\\xaf");           // longer than need be
  CHECK(Printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // half of a pair
  CHECK(Printable("\xE5\xA4"
                  "b") ==
        "\\xe5\\xa4"
        "b");                                                      // cut off
  CHECK(Printable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
}

}  // namespace
}  // namespace dse::printable_test
