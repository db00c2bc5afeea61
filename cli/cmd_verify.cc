#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/sentence.h"
#include "runner/work/verify.h"

namespace dse {
namespace {

bool ReadOptions(std::span<const std::string> args, VerifyRequest& request) {
  OptionParser parser(
      "verify --db FILE [--deep] [--clean] [--work-dir DIR]",
      "Looks for what cannot be right in a results file, its shards (FILE.shards/*.db), their "
      "checkpoints and weights.\nA line a finding; exit code 1 if there is any. Changes nothing "
      "without --clean, and may be called while others train.");
  parser.Text("db", "FILE", &request.db_path, "results database");
  parser.Flag("deep", &request.deep, "read all checkpoints and weights and check their sums");
  parser.Flag("clean", &request.clean,
              "remove files that no run of this file needs; never those of a run in somebody's "
              "hands");
  parser.Text("work-dir", "DIR", &request.work_dir,
              "where checkpoints and weights lie, of this file alone (default FILE.d)");
  parser.Require("db");
  return parser.Parse(args);
}

std::string Summary(const VerifiedFile& file) {
  std::string text = file.path + ": ";
  if (file.rows.sound) {
    text += CountOf(file.rows.models, "model") + ", " + CountOf(file.rows.members, "member") +
            ", " + CountOf(file.rows.runs, "run") + " and " +
            CountOf(file.files, "checkpoint or weights file") + " looked at: ";
  }
  text += file.findings == 0 ? "nothing found" : CountOf(file.findings, "finding");
  if (file.removed > 0) text += ", " + CountOf(file.removed, "file") + " removed";
  return text;
}

}  // namespace

int RunVerify(std::span<const std::string> args) {
  VerifyRequest request;
  if (!ReadOptions(args, request)) return kExitOk;
  const std::vector<VerifiedFile> files = VerifyStudy(request, [](const std::string& line) {
    PrintLine(line);
    std::cout << std::flush;
  });
  bool found = false;
  for (const VerifiedFile& file : files) {
    PrintLine(Summary(file));
    found = found || file.findings > 0;
  }
  return found ? kExitFailed : kExitOk;
}

}  // namespace dse
