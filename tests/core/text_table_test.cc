#include "core/text_table.h"

#include <catch2/catch.hpp>

namespace dse {
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

}  // namespace
}  // namespace dse
