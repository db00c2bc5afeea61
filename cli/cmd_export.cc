#include <filesystem>
#include <optional>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "core/suggest.h"
#include "db/export.h"
#include "runner/durable_file.h"

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
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (!std::filesystem::is_directory(options.out)) {
    throw Error(options.out + ": cannot be made a folder" + (error ? ": " + error.message() : ""));
  }
  return ExportPyclsYaml(db, options.filter, [&](const std::string& name, std::string_view text) {
    ReplaceFile((std::filesystem::path(options.out) / name).string(), {{text}});
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
void Report(const ExportOptions& options, const ExportSummary& summary) {
  const auto note = [&](int64_t count, const std::string& what) {
    if (count > 0) Say(options.quiet, std::to_string(count) + " " + what);
  };
  const bool files = options.format == "pycls-yaml";
  const std::string unit = files ? " networks" : " runs";
  Say(options.quiet, options.db + ": " + std::to_string(summary.written) + unit + " exported");
  note(summary.open, "runs left out that have not ended");
  note(summary.without_network, std::string("left out whose network is not known:") +
                                    (files ? " imported numbers" : " numbers without a model"));
  note(summary.without_training,
       "runs left out whose learning rate or weight decay is not known; pycls needs both");
  note(summary.untested, "runs exported without any test error; pycls' analysis passes them over");
  note(summary.inexpressible, "left out whose network pycls does not have:");
  for (const std::string& example : summary.examples) Say(options.quiet, "  " + example);
  if (summary.inexpressible > static_cast<int64_t>(summary.examples.size())) {
    Say(options.quiet, "  ...");
  }
  if (summary.left_out.empty()) return;
  const std::vector<std::string> keys(summary.left_out.begin(), summary.left_out.end());
  Say(options.quiet, "recipe keys that pycls has no word for, left out: " + JoinWords(keys));
}

}  // namespace

int RunExport(std::span<const std::string> args) {
  ExportOptions options;
  if (!ReadOptions(args, options)) return kExitOk;
  Database db = Database::Open(options.db, OpenMode::kReadOnly);
  const ExportSummary summary =
      options.format == "pycls-yaml" ? ExportFiles(db, options) : ExportText(db, options);
  Report(options, summary);
  return kExitOk;
}

}  // namespace dse
