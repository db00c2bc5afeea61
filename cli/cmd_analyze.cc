#include <unistd.h>

#include <fstream>
#include <iostream>

#include "analysis/study.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/study_fits.h"
#include "db/results.h"

namespace dse {
namespace {

struct AnalyzeOptions {
  std::string db;
  SeriesFilter filter;
  std::string error = "last";
  std::string method = "exact";
  StudyOptions study;
  std::string json;  // "" = no JSON, "-" = stdout in place of the tables
};

bool ReadOptions(std::span<const std::string> args, AnalyzeOptions& options) {
  OptionParser parser(
      "analyze --db FILE [options]",
      "Compares the series of a study: error distributions, the parameters the best "
      "networks share, quantized\nlinear fits, and tests between populations.");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.List("population", "NAME", &options.filter.populations, "only these populations");
  parser.List("recipe", "R", &options.filter.recipes, "only these recipes, by name or hash");
  parser.List("data", "D", &options.filter.datasets, "only these datasets, by URI or fingerprint");
  parser.OneOf("error", {"last", "best"}, &options.error,
               "last: of the last epoch (default); best: lowest over epochs");
  parser.OneOf("method", {"exact", "mc"}, &options.method,
               "best-value bands by their exact law (default) or 10^4 seeded draws");
  parser.Int("seed", "S", &options.study.seed, 0, INT64_MAX, "of draws and bootstraps (default 0)");
  parser.Flag("exclude-diverged", &options.study.exclude_diverged,
              "leave diverged networks out instead of counting 100% error");
  parser.Text("json", "FILE", &options.json, "write everything as JSON; - prints it to stdout");
  parser.Require("db");
  return parser.Parse(args);
}

// Written to a temporary file that then takes the name, so a reader never sees half of it.
void WriteFile(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp" + std::to_string(getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
    unlink(temporary.c_str());
    throw Error(path + ": cannot be written");
  }
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
  options.study.error = options.error == "best" ? ErrorKind::kBest : ErrorKind::kLast;
  options.study.method = options.method == "mc" ? BandMethod::kMonteCarlo : BandMethod::kExact;
  Database db = OpenForAnalysis(options.db);
  std::vector<SeriesRecord> series = LoadSeries(db, options.filter);
  if (series.empty()) {
    throw Error(options.db + ": there is nothing to analyze yet; train or import something first");
  }
  CompleteFits(db, series);
  const StudyAnalysis study = AnalyzeStudy(series, options.study);
  const std::string json = options.json.empty() ? "" : StudyToJson(study).dump() + "\n";
  if (options.json == "-") {
    std::cout << json;
    return kExitOk;
  }
  if (!options.json.empty()) WriteFile(options.json, json);
  std::cout << StudyToText(study);
  return kExitOk;
}

}  // namespace dse
