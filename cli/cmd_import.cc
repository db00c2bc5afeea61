#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/study_fits.h"
#include "core/json.h"
#include "db/exchange/csv_import.h"
#include "db/exchange/import.h"
#include "db/exchange/sweep_import.h"
#include "db/series.h"

namespace dse {
namespace {

constexpr int64_t kMaxImportBytes = int64_t{1} << 30;
constexpr size_t kShownJobs = 5;

struct ImportOptions {
  std::string db;
  std::vector<std::string> files;
  std::optional<std::string> population;  // of sweeps
  std::string errors_are;                 // of CSV files: "" = percent, fractions are asked about
  bool quiet = false;
};

bool HasExtension(const std::string& file, const char* extension) {
  return std::filesystem::path(file).extension() == extension;
}

void CheckFiles(const ImportOptions& options) {
  bool sweeps = false;
  bool tables = false;
  for (const std::string& file : options.files) {
    const bool sweep = HasExtension(file, ".json");
    if (!sweep && !HasExtension(file, ".csv")) {
      throw Error(file + ": only .csv files and .json files (sweep.json of pycls) can be imported");
    }
    sweeps |= sweep;
    tables |= !sweep;
  }
  if (sweeps && (!options.population || options.population->empty())) {
    throw UsageError("--population is missing: it names what a sweep.json becomes");
  }
  if (!sweeps && options.population) {
    throw UsageError("--population is for sweep.json; CSV files have a column of that name");
  }
  if (!tables && !options.errors_are.empty()) {
    throw UsageError("--errors-are is for CSV files; those of a sweep.json are percent");
  }
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

bool ReadOptions(std::span<const std::string> args, ImportOptions& options) {
  OptionParser parser(
      "import --db FILE [--population NAME] FILE ...",
      "Brings in results trained elsewhere. CSV files have columns population, error (empty = "
      "failed), optional model (model\nJSON) or hash, state, best_error; every other numeric "
      "column becomes a property. JSON files are sweeps of pycls\n(sweep.json), which become "
      "the population NAME. A file is imported whole or not at all.");
  parser.Text("db", "FILE", &options.db, "results database, made where it does not exist");
  parser.Text("population", "NAME", &options.population, "what a sweep.json becomes");
  parser.OneOf("errors-are", {"percent", "fractions"}, &options.errors_are,
               "errors of CSV files: percent (default), or fractions of 1, such as 0.25 for 25%");
  parser.Positional("FILE", &options.files, "CSV files, or sweep.json of pycls");
  parser.Flag("quiet,q", &options.quiet, "no messages");
  parser.Require("db");
  parser.Require("FILE");
  if (!parser.Parse(args)) return false;
  CheckFiles(options);
  return true;
}

ErrorUnit UnitOf(const ImportOptions& options) {
  if (options.errors_are.empty()) return ErrorUnit::kUnsaid;
  return options.errors_are == "percent" ? ErrorUnit::kPercent : ErrorUnit::kFractions;
}

std::vector<ImportRow> ReadRows(const ImportOptions& options, const std::string& file) {
  std::string text = ReadFile(file, kMaxImportBytes);
  if (!HasExtension(file, ".json")) {
    std::vector<std::string> left_out;
    std::vector<ImportRow> rows = ParseCsvImport(text, file, UnitOf(options), &left_out);
    if (!left_out.empty()) Say(options.quiet, file + ": columns left out: " + Joined(left_out));
    return rows;
  }
  SweepImport sweep = ParseSweepImport(text, file, *options.population);
  const size_t count = sweep.without_model.size();
  if (count == 0) return std::move(sweep.rows);
  Say(options.quiet,
      fmt::format("{}: {} jobs imported without a model, with flops, params and acts alone:", file,
                  count));
  for (size_t i = 0; i < std::min(count, kShownJobs); ++i) {
    Say(options.quiet, "  " + sweep.without_model[i]);
  }
  if (count > kShownJobs) Say(options.quiet, "  ...");
  return std::move(sweep.rows);
}

void Tell(const ImportOptions& options, const std::string& file, const ImportSummary& summary) {
  std::string text =
      fmt::format("{}: {} populations, {} new members, {} new runs, {} rows known already", file,
                  summary.populations, summary.members, summary.runs, summary.known);
  if (summary.updated > 0) text += fmt::format(", {} jobs went on", summary.updated);
  if (summary.open > 0) text += fmt::format(", {} without a result yet", summary.open);
  Say(options.quiet, text);
}

}  // namespace

int RunImport(std::span<const std::string> args) {
  ImportOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  // Everything is read before a database is made.
  std::vector<std::vector<ImportRow>> parsed;
  for (const std::string& file : options.files) parsed.push_back(ReadRows(options, file));
  Database db = Database::Open(options.db, OpenMode::kCreate);
  for (size_t i = 0; i < parsed.size(); ++i) {
    Tell(options, options.files[i], ImportRows(db, parsed[i], options.files[i]));
  }
  std::vector<SeriesRecord> series = LoadSeries(db, {}, {.fit = kDefaultGridName});
  CompleteFits(db, kDefaultGridName, options.quiet, series);
  return kExitOk;
}

}  // namespace dse
