#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace dse {

// How a table is laid out.
struct TableLayout {
  size_t indent = 2;           // spaces before the first column
  size_t gap = 2;              // spaces between columns
  size_t left = 1;             // so many columns, from the first, to the left; others to the right
  std::vector<size_t> widths;  // of columns, at least; 0 where there are fewer
};

// Rows of text in aligned columns, each as wide as its longest field; lines end in '\n' and have no
// spaces at the end. Fields are escaped (core/printable.h). Headings are rows like the others.
std::string TextTable(const std::vector<std::vector<std::string>>& rows,
                      const TableLayout& layout = {});

}  // namespace dse
