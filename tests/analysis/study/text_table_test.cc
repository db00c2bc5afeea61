#include "analysis/study/text_table.h"

#include <catch2/catch.hpp>

namespace dse {

TEST_CASE("columns are as wide as their longest field, the first one to the left") {
  CHECK(TextTable({{"name", "n"}, {"a", "100"}, {"longer", ""}}) ==
        "  name      n\n"
        "  a       100\n"
        "  longer\n");
}

TEST_CASE("a layout says indent, gap, how many columns go to the left, and widths at least") {
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

TEST_CASE("no rows are no text") { CHECK(TextTable({}).empty()); }

}  // namespace dse
