#pragma once

#include <string>
#include <vector>

namespace dse {

// Rows of text in aligned columns: the first column to the left, the others to the right, two
// spaces between. The first row is the heading. Lines are indented by two spaces and end in '\n'.
std::string TextTable(const std::vector<std::vector<std::string>>& rows);

}  // namespace dse
