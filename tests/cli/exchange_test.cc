// dse import and dse export as programs.

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/cli/program.h"
#include "tests/support/skipped.h"

namespace dse::exchange_test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

// Two jobs of a sweep, of which the second has a network that is none of ours.
constexpr const char* kSweep =
    R"([{"cfg":{"MODEL":{"TYPE":"anynet","NUM_CLASSES":10},"TRAIN":{"IM_SIZE":32,"BATCH_SIZE":128},)"
    R"("OPTIM":{"BASE_LR":0.1,"WEIGHT_DECAY":0.0005},"ANYNET":{"DEPTHS":[1,1],"WIDTHS":[16,32],)"
    R"("STRIDES":[2,2],"BOT_MULS":[1.0,1.0],"GROUP_WS":[8,8]}},)"
    R"("test_epoch":{"epoch_ind":[1,2],"epoch_max":[2,2],"top1_err":[40,30.5]},"test_ema_epoch":{}},)"
    R"({"cfg":{"MODEL":{"TYPE":"vit"}},"complexity":{"flops":7,"params":8,"acts":9},)"
    R"("test_epoch":{"epoch_ind":[2],"epoch_max":[2],"top1_err":[20]}}])";

std::string ReadAll(const std::string& path) { return ReadFile(path); }

struct Study {
  Study() {
    const std::string sweep = folder.Write("sweep.json", kSweep);
    imported = Dse({"import", "--db", db, "--population", "sw", sweep});
    REQUIRE(imported.code == 0);
  }
  TempFolder folder;
  std::string db = folder / "s.db";
  ProcessResult imported;
};

TEST_CASE("a sweep of pycls is imported, analysed, and exported for pycls again", "[cli]") {
  const Study study;
  CHECK_THAT(study.imported.err, Contains("1 jobs imported without a model") &&
                                     Contains("job 2: cfg.MODEL.TYPE is 'vit'") &&
                                     Contains("2 new members, 2 new runs"));
  CHECK_THAT(Dse({"analyze", "--db", study.db}).out, Contains("30.5") || Contains("30.50"));
  const std::string out = study.folder / "out.json";
  const ProcessResult result =
      Dse({"export", "--db", study.db, "--format", "sweep-json", "--out", out});
  CHECK(result.code == 0);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Contains("1 runs exported") && Contains("without a network: 1"));
  const Json job = ParseJson(ReadAll(out), "out").at(0);
  CHECK(job.at("cfg").at("ANYNET").at("WIDTHS") == Json({16, 32}));
  CHECK(job.at("test_ema_epoch").at("top1_err").back() == 30.5);
}

TEST_CASE("a table goes to standard output or, whole, to a file", "[cli]") {
  const Study study;
  const ProcessResult csv = Dse({"export", "--db", study.db, "--format", "csv", "-q"});
  CHECK(csv.code == 0);
  CHECK(csv.err.empty());
  CHECK_THAT(csv.out, StartsWith("population,space,name,hash,model,") && Contains("\r\nsw,,"));
  const std::string file = study.folder.Write("out.csv", "old");
  CHECK(Dse({"export", "--db", study.db, "--format", "csv", "--out", file}).code == 0);
  CHECK(ReadAll(file) == csv.out);
  const std::string copy = study.folder / "copy.db";
  const ProcessResult imported = Dse({"import", "--db", copy, file});
  REQUIRE(imported.code == 0);
  CHECK_THAT(imported.err, Contains("out.csv: columns left out: member, member_id, run_id\n"));
  const std::string rows =
      "SELECT group_concat(coalesce(hash, '') || ' ' || coalesce(error, '') || ' ' ||"
      " coalesce(lr, '') || ' ' || coalesce(wd, '') || ' ' || member, ';') FROM results";
  CHECK_THAT(Query(study.db, rows), Contains(";"));
  CHECK(Query(copy, rows) == Query(study.db, rows));
  const ProcessResult lines = Dse({"export", "--db", study.db, "--format", "jsonl"});
  CHECK(std::count(lines.out.begin(), lines.out.end(), '\n') == 2);
}

TEST_CASE("a configuration of pycls is written for each network into a folder", "[cli]") {
  const Study study;
  const std::string out = study.folder / "a/b";
  const ProcessResult result =
      Dse({"export", "--db", study.db, "--format", "pycls-yaml", "--out", out});
  REQUIRE(result.code == 0);
  CHECK_THAT(result.err, Contains("1 networks exported"));
  const std::string hash = Query(study.db, "SELECT hash FROM models");
  CHECK_THAT(ReadAll(out + "/" + hash + "-lr0.1-wd5e-04.yaml"),
             Contains("  WIDTHS: [16, 32]\n") && Contains("  BASE_LR: 0.1\n"));
  CHECK(std::distance(std::filesystem::directory_iterator(out), {}) == 1);
}

TEST_CASE("exports that cannot be written end with one sentence", "[cli]") {
  const Study study;
  const auto fails = [](const ProcessResult& result, const std::string& text) {
    INFO(result.err);
    CHECK(result.code == 1);
    CHECK_THAT(result.err, StartsWith("dse: " + text));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  };
  const std::string missing = study.folder / "none/out.csv";
  fails(Dse({"export", "--db", study.db, "--format", "csv", "--out", missing}),
        missing + ": cannot be written: ");
  const std::string file = study.folder.Write("file", "");
  fails(Dse({"export", "--db", study.db, "--format", "pycls-yaml", "--out", file}),
        file + ": cannot be made a folder");
  const std::string quoted =
      "'" + std::string(DSE_PROGRAM) + "' export --format csv --db '" + study.db + "'";
  if (access("/dev/full", W_OK) == 0) {
    fails(RunProcess({"/bin/sh", "-c", quoted + " >/dev/full"}),
          "standard output: cannot be written: ");
  } else {
    Skipped("there is no /dev/full here");
  }
  // The reader is gone before the first byte: whoever tried to write has been ended for it.
  const std::string gone = "while (echo) 2>/dev/null; do :; done";
  fails(RunProcess({"/bin/bash", "-c", "set -o pipefail; (" + gone + "; " + quoted + ") | true"}),
        "standard output: cannot be written: Broken pipe");
  CHECK(Dse({"export", "--db", study.folder / "no.db", "--format", "csv"}).code == 1);
}

TEST_CASE("an export never takes the place of its database, a pipe or a device", "[cli]") {
  const Study study;
  const std::string before = ReadAll(study.db);
  const std::string link = study.folder / "link.csv";
  std::filesystem::create_symlink(study.db, link);
  for (const std::string& out : {study.db, link, study.folder / "./s.db"}) {
    const ProcessResult result = Dse({"export", "--db", study.db, "--format", "csv", "--out", out});
    CHECK(result.code == 1);
    CHECK(result.err ==
          "dse: " + out + ": is the results database itself; the output needs another name\n");
  }
  CHECK(ReadAll(study.db) == before);
  const std::string exported =
      "'" + std::string(DSE_PROGRAM) + "' export -q --format csv --db '" + study.db + "'";
  const std::string csv = RunProcess({"/bin/sh", "-c", exported}).out;
  REQUIRE(csv.size() > 100);
  CHECK(RunProcess({"/bin/sh", "-c", exported + " --out /dev/stdout | cat"}).out == csv);
  CHECK(std::filesystem::is_symlink("/dev/stdout"));
  const std::string pipe = study.folder / "pipe";
  const std::string made = "mkfifo '" + pipe + "'; cat '" + pipe + "' & ";
  CHECK(RunProcess({"/bin/sh", "-c", made + exported + " --out '" + pipe + "'; wait"}).out == csv);
  CHECK(std::filesystem::is_fifo(pipe));
  // A link stays one, and what is appended to stays.
  const std::string file = study.folder.Write("file.csv", "old");
  std::filesystem::remove(link);
  std::filesystem::create_symlink(file, link);
  CHECK(Dse({"export", "--db", study.db, "--format", "csv", "--out", link}).code == 0);
  CHECK(std::filesystem::is_symlink(link));
  CHECK(ReadAll(file) == csv);
  RunProcess({"/bin/sh", "-c", exported + " --out /dev/stdout >> '" + file + "'"});
  CHECK(ReadAll(file) == csv + csv);
  CHECK(Dse({"export", "--db", study.db, "--format", "csv", "--out", study.folder / ""}).code == 1);
}

TEST_CASE("command lines of import and export that make no sense are usage errors", "[cli]") {
  const Study study;
  const std::string sweep = study.folder / "sweep.json";
  const std::string csv = study.folder.Write("r.csv", "population,error\np,1\n");
  const auto usage = [](const ProcessResult& result, const std::string& text) {
    CHECK(result.code == 2);
    CHECK_THAT(result.err, Contains(text));
  };
  usage(Dse({"import", "--db", study.db, sweep}), "--population is missing");
  usage(Dse({"import", "--db", study.db, "--population", "p", csv}),
        "--population is for sweep.json");
  usage(Dse({"import", "--db", study.db, "--population", "p", "--population", "q", sweep}),
        "--population is given twice");
  usage(Dse({"export", "--db", study.db}), "--format is missing");
  usage(Dse({"export", "--db", study.db, "--format", "cvs"}), "did you mean 'csv'?");
  usage(Dse({"export", "--db", study.db, "--format", "pycls-yaml"}), "needs --out");
  const ProcessResult name =
      Dse({"export", "--db", study.db, "--format", "csv", "--population", "sv"});
  CHECK(name.code == 1);
  CHECK_THAT(name.err, Contains("no population 'sv', did you mean 'sw'?"));
  CHECK(Dse({"import", "--db", study.db, study.folder.Write("x.txt", "")}).code == 1);
}

TEST_CASE("a broken sweep is named with its place, and no database is made", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string csv = folder.Write("r.csv", "population,error\np,20\n");
  const std::string sweep = folder.Write("sweep.json", std::string(kSweep).substr(0, 300));
  const ProcessResult result = Dse({"import", "--db", db, "--population", "p", csv, sweep});
  CHECK(result.code == 1);
  CHECK(result.err == "dse: " + sweep + ":1:301: the JSON document ends too early\n");
  CHECK(!std::filesystem::exists(db));
}

}  // namespace
}  // namespace dse::exchange_test
