#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/json.h"

namespace dse {

// A report before it is written: sections of prose, tables and charts over shared tables of
// numbers. One Report gives the HTML file (html_report.h), the Vega-Lite documents and the CSV
// files (report_files.h). All text is plain; writers escape it. Equal reports give equal bytes.

// A value of a data table: nothing, a number or a text.
using DataValue = std::variant<std::monostate, double, std::string>;

// Every plotted point, by columns of equal length.
struct DataColumn {
  std::string name;
  std::vector<DataValue> values;
};
struct DataTable {
  std::string name;  // lower-case letters, digits and '-': names the CSV file, unique in a report
  std::vector<DataColumn> columns;
};

// A cell of a table to be read; cells with a value sort by it, others by their text.
struct ReportCell {
  std::string text;
  std::optional<double> value;
};
struct ReportTable {
  std::string caption;
  std::vector<std::string> headings;
  std::vector<std::vector<ReportCell>> rows;  // each as long as headings
  bool sortable = true;
};

struct Paragraph {
  std::string text;
};

// An inline picture: a complete <svg> element made by our own code, trusted. Drawings in a row
// stand side by side.
struct Drawing {
  std::string svg;
  std::string caption;
};

// What a chart reads: columns of a data table, under the table's name.
struct ChartSource {
  std::string table;
  std::vector<std::string> columns;
};

enum class ChartSize { kFull, kHalf };

struct Chart {
  std::string id;  // lower-case letters, digits and '-': anchor and file name, unique in a report
  std::string title;
  std::string caption;   // what it shows and how to read it
  std::string left_out;  // what is not drawn, and why; "" for nothing
  ChartSize size = ChartSize::kFull;
  // A Vega-Lite 6 document without $schema, config, datasets and background. Data are named:
  // {"data": {"name": TABLE}}. Every "width" is the word "container", also in views joined by
  // vconcat; writers replace it. Colours come from the theme: series by the category range, marks
  // by the styles "reference", "band", "front" and "muted".
  Json spec;
  std::vector<ChartSource> sources;
  ReportTable numbers;  // the key numbers, for those who read without JavaScript
};

using ReportBlock = std::variant<Paragraph, ReportTable, Drawing, Chart>;

struct ReportSection {
  std::string id;  // lower-case letters, digits and '-'; unique among sections and charts
  std::string title;
  std::vector<ReportBlock> blocks;
};

struct Report {
  std::string title;
  std::vector<std::string> findings;  // the first thing read: sentences one can act on
  std::vector<ReportSection> sections;
  std::vector<DataTable> tables;
};

}  // namespace dse
