#include <filesystem>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/study_fits.h"
#include "core/json.h"
#include "db/import.h"
#include "db/results.h"

namespace dse {
namespace {

constexpr int64_t kMaxImportBytes = int64_t{1} << 30;

struct ImportOptions {
  std::string db;
  std::vector<std::string> files;
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, ImportOptions& options) {
  OptionParser parser(
      "import --db FILE FILE.csv ...",
      "Brings in results trained elsewhere. Columns: population, error (empty = failed); "
      "optional model (model JSON) or hash,\nstate, best_error; every other numeric column "
      "becomes a property. A file is imported whole or not at all.");
  parser.Text("db", "FILE", &options.db, "results database, made where it does not exist");
  parser.Positional("FILE", &options.files, "CSV files");
  parser.Flag("quiet,q", &options.quiet, "no messages");
  parser.Require("db");
  parser.Require("FILE");
  return parser.Parse(args);
}

}  // namespace

int RunImport(std::span<const std::string> args) {
  ImportOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  // Everything is read before a database is made.
  std::vector<std::vector<ImportRow>> parsed;
  for (const std::string& file : options.files) {
    if (std::filesystem::path(file).extension() != ".csv") {
      throw Error(file + ": only .csv files can be imported");
    }
    parsed.push_back(ParseCsvImport(ReadFile(file, kMaxImportBytes), file));
  }
  Database db = Database::Open(options.db, OpenMode::kCreate);
  for (size_t i = 0; i < parsed.size(); ++i) {
    const ImportSummary summary = ImportRows(db, parsed[i], options.files[i]);
    Say(options.quiet, options.files[i] + ": " + std::to_string(summary.populations) +
                           " populations, " + std::to_string(summary.members) + " new members, " +
                           std::to_string(summary.runs) + " new runs, " +
                           std::to_string(summary.known) + " rows known already");
  }
  std::vector<SeriesRecord> series = LoadSeries(db, {});
  CompleteFits(db, kDefaultGridName, series);
  return kExitOk;
}

}  // namespace dse
