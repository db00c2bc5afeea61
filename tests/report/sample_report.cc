#include "tests/report/sample_report.h"

#include <algorithm>
#include <cmath>

#include "core/units.h"
#include "tests/report/sample_charts.h"

namespace dse {
namespace {

constexpr char kHostile[] = "</script><b id=x>\"A&B'\\ \xe2\x80\xa8<!-- ${1}";

// Spread evenly over (0, 1) in no order: multiples of the golden ratio.
double Spread(int i) {
  const double x = (i + 1) * 0.6180339887498949;
  return x - std::floor(x);
}

struct Population {
  std::string name;
  double best = 0;   // lowest error
  double scale = 0;  // how far errors spread above it
};

const Population kPopulations[] = {
    {"AnyNetXA", 9.2, 9}, {kHostile, 8.1, 6.5}, {"RegNetX", 7.4, 3.5}};

double ErrorAt(const Population& population, double u) {
  return population.best + population.scale * std::pow(-std::log(1 - 0.98 * u), 0.8);
}

// A table written row by row.
DataTable MakeTable(const std::string& name, const std::vector<std::string>& columns) {
  DataTable table{name, {}};
  for (const std::string& column : columns) table.columns.push_back({column, {}});
  return table;
}

void AddRow(DataTable& table, const std::vector<DataValue>& row) {
  for (size_t i = 0; i < row.size(); ++i) table.columns[i].values.push_back(row[i]);
}

DataTable Models(const std::string& name, int per_population) {
  DataTable table =
      MakeTable(name, {"population", "model", "error", "flops", "depth", "w0", "acts"});
  int k = 0;
  for (const Population& population : kPopulations) {
    for (int i = 0; i < per_population; ++i, ++k) {
      const double error = ErrorAt(population, Spread(k));
      const double depth = 4 + std::floor(36 * Spread(3 * k + 1));
      const double flops = 3.6e8 * (1 + 0.11 * Spread(7 * k)) * (1 + depth / 100);
      const std::string hash = "9f3c" + std::to_string(100000 + k) + "<i>&";
      AddRow(table, {population.name, hash, error, flops, depth,
                     8 + 8 * std::floor(31 * Spread(5 * k)), 2e6 + 9e4 * depth * Spread(k)});
    }
  }
  return table;
}

DataTable EdfTable() {
  DataTable table = MakeTable("edf", {"population", "error", "f", "low", "high"});
  constexpr int kPoints = 150;
  const double half = std::sqrt(std::log(2 / 0.05) / (2 * kPoints));
  for (const Population& population : kPopulations) {
    for (int i = 1; i <= kPoints; ++i) {
      const double f = static_cast<double>(i) / kPoints;
      AddRow(table, {population.name, ErrorAt(population, f - 0.5 / kPoints), f,
                     std::max(0.0, f - half), std::min(1.0, f + half)});
    }
  }
  return table;
}

DataTable ManyEdfs() {
  DataTable table = MakeTable("many", {"space", "error", "f"});
  for (int s = 0; s < 12; ++s) {
    for (int i = 1; i <= 40; ++i) {
      const double f = i / 40.0;
      AddRow(table, {"AnyNetX" + std::string(1, static_cast<char>('A' + s)) + " 400MF",
                     ErrorAt({"", 12.5 - 0.45 * s, 9 - 0.55 * s}, f), f});
    }
  }
  return table;
}

DataTable Differences() {
  DataTable table = MakeTable("differences", {"pair", "point", "low", "high"});
  for (int i = 0; i < 6; ++i) {
    const double point = 3.2 - 1.1 * i;
    AddRow(table, {"AnyNetX" + std::string(1, static_cast<char>('A' + i)) + " - RegNetX", point,
                   point - 0.7 - 0.1 * i, point + 0.8});
  }
  return table;
}

DataTable Search() {
  DataTable table = MakeTable("search", {"k", "error", "low", "high"});
  for (const int k : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 500}) {
    const double error = 7.4 + 6.0 / std::sqrt(k);
    AddRow(table, {static_cast<double>(k), error, 7.4 + 0.3 * (error - 7.4), error + 4.0 / k});
  }
  return table;
}

DataTable Widths() {
  DataTable table = MakeTable("widths", {"model", "block", "width"});
  for (int m = 0; m < 20; ++m) {
    const int depth = 12 + m % 9;
    for (int j = 0; j < depth; ++j) {
      const double width =
          8 * std::round((24 + m) * std::pow(2.2, std::floor(4.0 * j / depth)) / 8);
      AddRow(table, {"rank " + std::to_string(m + 1), static_cast<double>(j), width});
    }
  }
  return table;
}

DataTable IntervalTable(const std::string& name) {
  DataTable table = MakeTable(name, {"population", "low", "median", "high"});
  double shift = 0;
  for (const Population& population : kPopulations) {
    AddRow(table, {population.name, 9 + shift, 15 + shift, 24 + shift});
    shift += 2;
  }
  return table;
}

DataTable Counts() {
  DataTable table = MakeTable("counts", {"population", "state", "runs"});
  for (const Population& population : kPopulations) {
    AddRow(table, {population.name, "done", 480.0 - population.scale});
    AddRow(table, {population.name, "diverged", population.scale});
  }
  AddRow(table, {"AnyNetXA", std::monostate(), std::monostate()});
  return table;
}

ReportTable ComparisonTable() {
  ReportTable table{"Every pair compared", {"a", "b", "KS", "p, adjusted", "mean difference"}, {}};
  table.rows = {
      {{"AnyNetXA", {}}, {kHostile, {}}, {"0.31", 0.31}, {"1e-5", 1e-5}, {"+2.9", 2.9}},
      {{"AnyNetXA", {}}, {"RegNetX", {}}, {"0.62", 0.62}, {"2e-19", 2e-19}, {"+6.6", 6.6}},
      {{kHostile, {}}, {"RegNetX", {}}, {"0.4", 0.4}, {"", {}}, {"-10.25", -10.25}},
      {{"RegNetX", {}}, {"resnet-50", {}}, {"too few", {}}, {"0.5", 0.5}, {"+0.1", 0.1}}};
  return table;
}

ReportTable LongTable() {
  ReportTable table{"All models of RegNetX", {"rank", "error %", "model", "widths"}, {}};
  for (int i = 0; i < 120; ++i) {
    const double error = ErrorAt(kPopulations[2], (i + 0.5) / 120);
    table.rows.push_back({{std::to_string(i + 1), i + 1.0},
                          {FormatNumber("%.2f", error), error},
                          {"9f3c" + std::to_string(100000 + i), {}},
                          {"24 64 160 384", {}}});
  }
  return table;
}

Drawing Blocks() {
  std::string svg =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 420 70\" width=\"420\" "
      "height=\"70\" "
      "role=\"img\" aria-label=\"Four stages\">";
  for (int i = 0; i < 4; ++i) {
    svg += "<rect x=\"" + std::to_string(10 + 100 * i) + "\" y=\"" + std::to_string(40 - 10 * i) +
           "\" width=\"90\" height=\"" + std::to_string(20 + 10 * i) +
           "\" rx=\"4\" fill=\"currentColor\" fill-opacity=\"0.2\" stroke=\"currentColor\"/>";
  }
  return {svg + "</svg>", "The best network: widths by stage."};
}

}  // namespace

Report SampleReport() {
  Report report;
  report.title = std::string("Two spaces compared: AnyNetXA and ") + kHostile;
  report.findings = {
      "RegNetX has the lower errors: 6.6 points on average (95% interval 5.1 to 8.0), KS 0.62.",
      std::string("Its best models are 12 to 24 blocks deep; ") + kHostile + " has no such band.",
      "1,440 runs are done, 19 diverged and count as 100% error."};
  report.tables = {EdfTable(), Models("models", 170),  Models("crowd", 1100),
                   ManyEdfs(), Differences(),          Search(),
                   Widths(),   IntervalTable("depth"), Counts()};
  const std::vector<Chart> charts = SampleCharts();
  ReportSection errors{"errors", "Error distributions", {}};
  errors.blocks.emplace_back(
      Paragraph{"Every curve is the share of models with at most the error on the axis; the shaded "
                "band holds the "
                "whole curve with 95% confidence. A curve further to the left and higher is a "
                "better space."});
  errors.blocks.insert(errors.blocks.end(), charts.begin(), charts.begin() + 4);
  errors.blocks.emplace_back(ComparisonTable());
  ReportSection models{"models", "Models", {}};
  models.blocks.insert(models.blocks.end(), charts.begin() + 4, charts.end());
  models.blocks.emplace_back(Blocks());
  models.blocks.emplace_back(LongTable());
  ReportSection methods{"methods", "Methods and seeds", {}};
  methods.blocks.emplace_back(Paragraph{"Seed 0. Bands are exact."});
  report.sections = {errors, models, methods};
  return report;
}

}  // namespace dse
