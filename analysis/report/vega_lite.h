#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/report/report.h"
#include "core/json.h"

namespace dse {

// Pieces of Vega-Lite documents, and the tables they read.

// A finite number, else nothing.
DataValue Value(double number);

// A table with these columns and no rows yet.
DataTable MakeTable(std::string name, std::initializer_list<const char*> columns);
// One value for each column.
void AddRow(DataTable& table, std::initializer_list<DataValue> values);

// A column's name as Vega-Lite reads it: its dots and brackets are no paths.
std::string FieldName(const std::string& column);

// A position or tooltip of numbers.
struct Axis {
  std::string field;
  std::string title;
  bool log = false;
  std::optional<std::pair<double, double>> domain;  // what lies beyond is clipped
  const char* log_format = "~s";                    // of numbers on a logarithmic scale: 400M
};
Json Position(const Axis& axis);

// Colours by series, in the order of the study; no legend where there is but one.
Json SeriesColor(const std::vector<std::string>& labels);

// Parameters of one view: a click on the legend shows one series alone, with the shift key several;
// with the shift key held, dragging pans and the wheel zooms; a double click goes back.
Json ChooseSeries();
Json PanAndZoom();
// Full strength for the series chosen, faint for the others.
Json ChosenOpacity(double strength);

// Fields with their titles, in order; numbers are shown with up to 5 digits.
Json Tooltip(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace dse
