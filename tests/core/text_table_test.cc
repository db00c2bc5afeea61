#include "core/text_table.h"

#include <catch2/catch.hpp>

namespace dse::text_table_test {
namespace {

TEST_CASE("the first column of a table lies to the left and the others to the right",
          "[text_table]") {
  CHECK(TextTable({{"model", "flops"}, {"a", "398M"}, {"long-name", "1.6G"}}) ==
        "  model      flops\n"
        "  a           398M\n"
        "  long-name   1.6G\n");
}

TEST_CASE("rows of a table may be short, and no line ends in spaces", "[text_table]") {
  CHECK(TextTable({{"rank", "error %"}, {"..."}, {"1", ""}}) ==
        "  rank  error %\n"
        "  ...\n"
        "  1\n");
  CHECK(TextTable({}).empty());
}

TEST_CASE("a layout says indent, gap, how many columns go to the left, and widths at least",
          "[text_table]") {
  CHECK(TextTable({{"a", "b", "c"}, {"1", "wide", "3"}},
                  {.indent = 0, .gap = 1, .left = 2, .widths = {3, 2}}) ==
        "a   b    c\n"
        "1   wide 3\n");
  // As printf("%-4s %5s\n") does, and wider where that would push a row out of its columns.
  const TableLayout layout{.indent = 0, .gap = 1, .left = 1, .widths = {4, 5}};
  CHECK(TextTable({{"x", "y"}}, layout) == "x        y\n");
  CHECK(TextTable({{"x", "y"}, {"longer", "1"}}, layout) ==
        "x          y\n"
        "longer     1\n");
}

}  // namespace
}  // namespace dse::text_table_test
