#include "core/text_table.h"

#include <algorithm>

#include "core/printable.h"

namespace dse {

std::string TextTable(const std::vector<std::vector<std::string>>& rows,
                      const TableLayout& layout) {
  std::vector<std::vector<std::string>> shown = rows;
  std::vector<size_t> sizes = layout.widths;
  for (std::vector<std::string>& row : shown) {
    sizes.resize(std::max(sizes.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = Printable(row[i]);
      sizes[i] = std::max(sizes[i], row[i].size());
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : shown) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(sizes[i] - row[i].size(), ' ');
      line.append(i == 0 ? layout.indent : layout.gap, ' ');
      line += i < layout.left ? row[i] + padding : padding + row[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace dse
