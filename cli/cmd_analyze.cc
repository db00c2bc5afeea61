#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "analysis/report/html_report.h"
#include "analysis/report/report_files.h"
#include "analysis/report/study_report.h"
#include "analysis/study/study.h"
#include "analysis/study/study_json.h"
#include "analysis/study/study_text.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/study_fits.h"
#include "db/series.h"
#include "db/timings.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

struct AnalyzeOptions {
  std::string db;
  SeriesFilter filter;
  std::vector<std::string> where;
  std::string error = "last";
  std::string method = "exact";
  StudyOptions study;
  std::string json;     // "" = no JSON, "-" = stdout in place of the tables
  std::string html;     // a file, "" = no report
  std::string charts;   // a folder
  std::string csv;      // a folder
  bool refine = false;  // changes nothing: fits are refined ones always
  bool quiet = false;
  bool wants_report() const { return !html.empty() || !charts.empty() || !csv.empty(); }
};

bool ReadOptions(std::span<const std::string> args, AnalyzeOptions& options) {
  OptionParser parser("analyze --db FILE [options]",
                      "Compares the series of a study: error distributions, the parameters the "
                      "best networks share, "
                      "quantized\nlinear fits, trends, and tests between populations. Tables go to "
                      "stdout, a report "
                      "to --html.");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.List("population", "NAME", &options.filter.populations, "only these populations");
  parser.List("recipe", "R", &options.filter.recipes, "only these recipes, by name or hash");
  parser.List("data", "D", &options.filter.datasets, "only these datasets, by URI or fingerprint");
  parser.List("where", "CONDITION", &options.where,
              "only networks with depth>=12, flops<400M, b1=1 ...; several: all must hold");
  parser.OneOf("error", {"last", "best"}, &options.error,
               "last: of the last epoch (default); best: lowest over epochs");
  parser.OneOf("method", {"exact", "mc"}, &options.method,
               "best-value bands by their exact law (default) or 10^4 seeded draws");
  parser.Int("seed", "S", &options.study.seed, 0, INT64_MAX, "of draws and bootstraps (default 0)");
  parser.Flag("exclude-diverged", &options.study.exclude_diverged,
              "leave diverged networks out instead of counting 100% error");
  parser.Flag("refine", &options.refine,
              "changes nothing: quantized linear fits are over continuous parameters always");
  parser.Text("json", "FILE", &options.json, "write everything as JSON; - prints it to stdout");
  parser.Text("html", "FILE", &options.html, "write a report that opens offline in a browser");
  parser.Text("charts", "DIR", &options.charts,
              "write every chart as a Vega-Lite document (scripts/figures renders them)");
  parser.Text("csv", "DIR", &options.csv, "write every plotted point as CSV files");
  parser.Flag("quiet,q", &options.quiet, "no progress");
  parser.Require("db");
  if (!parser.Parse(args)) return false;
  for (const std::string& condition : options.where) {
    for (Condition& one : ParseConditions(condition)) {
      options.study.conditions.push_back(std::move(one));
    }
  }
  options.study.error = options.error == "best" ? ErrorKind::kBest : ErrorKind::kLast;
  options.study.method = options.method == "mc" ? BandMethod::kMonteCarlo : BandMethod::kExact;
  return true;
}

void WriteCharts(const Report& report, const std::string& folder) {
  MakeFolder(folder);
  for (const ReportSection& section : report.sections) {
    for (const ReportBlock& block : section.blocks) {
      const Chart* chart = std::get_if<Chart>(&block);
      if (!chart) continue;
      WriteWholeFile(
          (fs::path(folder) / (chart->id + ".vl.json")).string(),
          ChartDocument(report, *chart).dump(-1, ' ', false, Json::error_handler_t::replace) +
              "\n");
    }
  }
}

void WriteTables(const Report& report, const std::string& folder) {
  MakeFolder(folder);
  for (const DataTable& table : report.tables) {
    WriteWholeFile((fs::path(folder) / (table.name + ".csv")).string(), TableToCsv(table));
  }
}

void WriteReport(const StudyAnalysis& study, const AnalyzeOptions& options) {
  const Report report = MakeReport(study);
  if (!options.html.empty()) WriteWholeFile(options.html, RenderHtml(report));
  if (!options.charts.empty()) WriteCharts(report, options.charts);
  if (!options.csv.empty()) WriteTables(report, options.csv);
}

// Fits are stored on the way, where the file lets us.
Database OpenForAnalysis(const std::string& path) {
  const bool writable = access(path.c_str(), W_OK) == 0;
  return Database::Open(path, writable ? OpenMode::kReadWrite : OpenMode::kReadOnly);
}

}  // namespace

int RunAnalyze(std::span<const std::string> args) {
  AnalyzeOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  CheckIsNotDatabase(options.html, options.db);
  CheckIsNotDatabase(options.json, options.db);
  Database db = OpenForAnalysis(options.db);
  // The tables show no learning curves, which are most of a file.
  const SeriesDetail detail{kRefinedFitName, options.wants_report() || !options.json.empty()};
  std::vector<SeriesRecord> series = LoadSeries(db, options.filter, detail);
  if (series.empty()) {
    throw Error(options.db + ": there is nothing to analyze yet; train or import something first");
  }
  CompleteFits(db, detail.fit, options.quiet, series);
  const StudyAnalysis study = AnalyzeStudy(series, options.study, LoadTimings(db));
  if (options.wants_report()) WriteReport(study, options);
  const std::string json = options.json.empty() ? "" : StudyToJson(study) + "\n";
  if (options.json == "-") {
    std::cout << json;
    return kExitOk;
  }
  if (!options.json.empty()) WriteWholeFile(options.json, json);
  std::cout << StudyToText(study);
  return kExitOk;
}

}  // namespace dse
