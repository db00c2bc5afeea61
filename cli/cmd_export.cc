#include <filesystem>
#include <optional>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/suggest.h"
#include "db/exchange/export.h"
#include "db/exchange/export_pycls.h"
#include "db/exchange/export_table.h"
#include "db/series.h"

namespace dse {
namespace {

struct ExportOptions {
  std::string db;
  std::string format;
  SeriesFilter filter;
  std::string out;  // "" = stdout
  bool quiet = false;
};

bool ReadOptions(std::span<const std::string> args, ExportOptions& options) {
  OptionParser parser(
      "export --db FILE --format WORD [options]",
      "Writes results for other programs: a row for each run (csv, jsonl), the jobs of a sweep as "
      "pycls analyses them\n(sweep-json), or a trainer configuration of pycls for each network "
      "(pycls-yaml, into the folder --out).");
  parser.Text("db", "FILE", &options.db, "results database");
  parser.OneOf("format", {"csv", "jsonl", "pycls-yaml", "sweep-json"}, &options.format,
               "csv, jsonl, pycls-yaml or sweep-json");
  parser.List("population", "NAME", &options.filter.populations, "only these populations");
  parser.List("recipe", "R", &options.filter.recipes, "only these recipes, by name or hash");
  parser.List("data", "D", &options.filter.datasets, "only these datasets, by URI or fingerprint");
  parser.Text("out", "PATH", &options.out,
              "this file in place of standard output; a folder for pycls-yaml");
  parser.Flag("quiet,q", &options.quiet, "no messages");
  parser.Require("db");
  parser.Require("format");
  if (!parser.Parse(args)) return false;
  if (options.format == "pycls-yaml" && options.out.empty()) {
    throw UsageError("--format pycls-yaml needs --out with a folder for its files");
  }
  return true;
}

ExportSummary ExportFiles(Database& db, const ExportOptions& options) {
  MakeFolder(options.out);
  return ExportPyclsYaml(db, options.filter, [&](const std::string& name, std::string_view text) {
    WriteWholeFile((std::filesystem::path(options.out) / name).string(), text);
  });
}

ExportSummary ExportText(Database& db, const ExportOptions& options) {
  Output output(options.out);
  const ByteSink sink = [&](std::string_view bytes) { output.Write(bytes); };
  ExportSummary summary;
  if (options.format == "csv") {
    summary = ExportCsv(db, options.filter, sink);
  } else if (options.format == "jsonl") {
    summary = ExportJsonLines(db, options.filter, sink);
  } else {
    summary = ExportSweep(db, options.filter, sink);
  }
  output.Finish();
  return summary;
}

// A line for each reason why something is not there.
void Tell(const ExportOptions& options, const ExportSummary& summary) {
  const auto note = [&](const std::string& what, int64_t count) {
    if (count > 0) Say(options.quiet, what + ": " + std::to_string(count));
  };
  const std::string unit = options.format == "pycls-yaml" ? "networks" : "runs";
  Say(options.quiet,
      options.db + ": " + std::to_string(summary.written) + " " + unit + " exported");
  note("left out, the run has not ended", summary.open);
  note("left out, numbers without a network", summary.without_network);
  note("left out, learning rate or weight decay not known", summary.without_training);
  note("not done, and without a test error so that pycls' analysis passes over them",
       summary.untested);
  note("left out, pycls has no such network", summary.inexpressible);
  for (const std::string& example : summary.examples) Say(options.quiet, "  " + example);
  if (summary.left_out.empty()) return;
  const std::vector<std::string> keys(summary.left_out.begin(), summary.left_out.end());
  Say(options.quiet, "left out, pycls has no word for these recipe keys: " + JoinWords(keys));
}

}  // namespace

int RunExport(std::span<const std::string> args) {
  ExportOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  CheckIsNotDatabase(options.out, options.db);
  Database db = Database::Open(options.db, OpenMode::kReadOnly);
  const ExportSummary summary =
      options.format == "pycls-yaml" ? ExportFiles(db, options) : ExportText(db, options);
  Tell(options, summary);
  return kExitOk;
}

}  // namespace dse
