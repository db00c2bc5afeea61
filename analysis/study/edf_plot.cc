#include "analysis/study/edf_plot.h"

#include <algorithm>

#include "core/error.h"
#include "core/units.h"

namespace dse {

std::string PlotEdf(const Edf& edf, double highest) {
  constexpr int kLevels = 10;
  constexpr int kColumns = 60;
  if (edf.points.empty() || !(edf.points.front().error < highest)) {
    throw Error("a plot of an error distribution needs a range of errors");
  }
  const double lowest = edf.points.front().error;
  std::string text;
  for (int level = kLevels; level >= 1; --level) {
    const double f = static_cast<double>(level) / kLevels;
    std::string line = FormatNumber("  %3.1f |", f);
    for (int column = 0; column < kColumns; ++column) {
      const double share = static_cast<double>(column) / (kColumns - 1);
      // The last column stands at `highest` itself, whatever rounding makes of the sum.
      const double error = column == kColumns - 1 ? highest : lowest + share * (highest - lowest);
      line += EdfAt(edf, error) >= f - 1e-12 ? '#' : ' ';
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += "      +" + std::string(kColumns, '-') + "\n";
  const std::string left = FormatNumber("%.2f", lowest);
  const std::string right = FormatNumber("%.2f", highest) + " % error";
  const int gap = kColumns - static_cast<int>(left.size() + right.size());
  text += "       " + left + std::string(static_cast<size_t>(std::max(gap, 1)), ' ') + right + "\n";
  return text;
}

}  // namespace dse
