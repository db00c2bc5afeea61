// Exports that pycls reads.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "db/exchange/csv_import.h"
#include "db/exchange/export.h"
#include "db/exchange/export_pycls.h"
#include "db/exchange/import.h"
#include "db/exchange/sweep_import.h"
#include "tests/db/exchange/export_study.h"

namespace dse::sweep_export_test {
namespace {

using Catch::Matchers::Contains;

// Imports a sweep into a file of its own.
struct SweepCopy {
  SweepCopy(const Study& study, std::string text) : path(study.folder / "sweep.db") {
    const SweepImport sweep = ParseSweepImport(text, "sweep.json", Study::kName);
    CHECK(sweep.without_model.empty());
    ImportRows(db, sweep.rows, "sweep.json");
  }
  std::string path;
  Database db = Database::Open(path, OpenMode::kCreate);
};

TEST_CASE("what was exported as a sweep of pycls is the same when it is imported again") {
  Study study;
  ExportSummary summary;
  const std::string text = Sweep(study.db, &summary);
  CHECK(summary.written == 4);
  CHECK(summary.open == 2);
  CHECK(summary.without_network == 3);
  CHECK(summary.untested == 2);
  SweepCopy copy(study, text);
  CHECK(Curves(copy.db) == Curves(study.db));
  CHECK(Curves(copy.db).size() == 4);
  study.db.impl().connection.Execute(
      "DELETE FROM series_runs WHERE run_id IN (SELECT id FROM runs WHERE state = 'pending'"
      " OR model_id IS NULL); UPDATE runs SET seconds = NULL WHERE state <> 'done'");
  CHECK(Results(copy.db, "population, seed") == Results(study.db, "population, seed"));
}

// A job of a network of 16 channels in each of two stages.
std::string SweepOf(const std::string& records) {
  return R"([{"cfg":{"MODEL":{"TYPE":"anynet","NUM_CLASSES":10},"TRAIN":{"IM_SIZE":32},)"
         R"("OPTIM":{"BASE_LR":0.1,"WEIGHT_DECAY":0.0005},"ANYNET":{"DEPTHS":[1,1],)"
         R"("WIDTHS":[16,16],"STRIDES":[2,2],"BOT_MULS":[1.0,1.0],"GROUP_WS":[8,8]}},)" +
         records + "}]";
}

TEST_CASE("a learning curve shorter than the tests does not change the error of a sweep") {
  Study study;
  SweepCopy first(study, SweepOf(R"("train_epoch":{"epoch_ind":[1,2],"lr":[0.1,0.1]},)"
                                 R"("test_epoch":{"epoch_ind":[1,2,3],"epoch_max":[3,3,3],)"
                                 R"("top1_err":[60,50,40]})"));
  const std::string text = Sweep(first.db);
  const Json test = ParseJson(text, "sweep").at(0).at("test_epoch");
  CHECK(test.at("top1_err") == Json({60, 50, 40}));
  CHECK(test.at("epoch_ind") == Json({1, 2, 3}));
  CHECK(test.at("epoch_max") == Json({3, 3, 3}));
  const Rows before = Results(first.db);
  const Rows curves = Curves(first.db);
  Database db = Database::Open(study.folder / "again.db", OpenMode::kCreate);
  std::string copy = text;
  ImportRows(db, ParseSweepImport(copy, "sweep.json", Study::kName).rows, "sweep.json");
  CHECK(Results(db) == before);
  CHECK(Curves(db) == curves);
}

TEST_CASE("a job that is not done has no test errors for pycls, and keeps its curve") {
  Study study;
  SweepCopy first(study, SweepOf(R"("train_epoch":{"epoch_ind":[1,2],"lr":[0.1,0.1]},)"
                                 R"("test_epoch":{"epoch_ind":[1,2],"epoch_max":[100,100],)"
                                 R"("top1_err":[60,50]})"));
  ExportSummary summary;
  std::string text = Sweep(first.db, &summary);
  CHECK(summary.written == 1);
  CHECK(summary.untested == 1);
  const Json job = ParseJson(text, "sweep").at(0);
  CHECK_FALSE(job.contains("test_epoch"));
  CHECK_FALSE(job.contains("test_ema_epoch"));
  CHECK(job.at("train_epoch").at("epoch_ind") == Json({1, 2}));
  Database db = Database::Open(study.folder / "again.db", OpenMode::kCreate);
  ImportRows(db, ParseSweepImport(text, "sweep.json", Study::kName).rows, "sweep.json");
  CHECK(Results(db) == Results(first.db));
  CHECK(Curves(db) == Curves(first.db));
  CHECK(Curves(db).size() == 2);
  CHECK(db.impl().connection.QueryText("SELECT state FROM runs") == "failed");
}

TEST_CASE("a job is what pycls' analysis asks for") {
  Study study;
  const Json jobs = ParseJson(Sweep(study.db), "sweep");
  const Json& job = jobs.at(1);
  CHECK(job.at("cfg").at("OPTIM").at("BASE_LR") == 0.1);
  CHECK(job.at("cfg").at("OPTIM").at("WEIGHT_DECAY") == 5e-5);
  CHECK(job.at("cfg").at("OPTIM").at("MAX_EPOCH") == 2);
  CHECK(job.at("cfg").at("REGNET").at("WA") == 24.5);
  CHECK(job.at("complexity").at("params") == MakeDraws(1).at(0).complexity.params);
  CHECK(job.at("test_epoch").at("epoch_ind") == Json({1, 2}));
  CHECK(job.at("test_epoch").at("epoch_max") == Json({2, 2}));
  CHECK(job.at("test_epoch").at("top1_err") == Json({70, 1.0 / 3}));
  CHECK(job.at("test_ema_epoch").at("min_top1_err") == Json({70, 1.0 / 3}));
  CHECK(job.at("epoch_times").at("train_fw_bw_time") == 0.1);
  CHECK_THAT(job.at("log_file").get<std::string>(), Catch::EndsWith("/0-seed1/stdout.log"));
  CHECK_FALSE(jobs.at(2).contains("test_epoch"));
}

TEST_CASE("without our own key the cfg alone makes the same networks and errors") {
  Study study;
  // The parameters of the fixture are not those its widths come from.
  study.db.impl().connection.Execute("UPDATE members SET parameters = NULL");
  Json jobs = ParseJson(Sweep(study.db), "sweep");
  jobs.erase(3);  // out of memory, which pycls does not know
  jobs.erase(2);
  for (Json& job : jobs) job.erase("dse");
  SweepCopy copy(study, jobs.dump());
  study.db.impl().connection.Execute(
      "DELETE FROM series_runs WHERE run_id IN (SELECT id FROM runs WHERE state <> 'done'"
      " OR model_id IS NULL)");
  CHECK(Results(copy.db, "population") == Results(study.db, "population"));
}

TEST_CASE("only cifar10 is called so in a sweep") {
  const auto dataset = [](const std::string& uri) {
    const TempFolder folder;
    Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
    const std::string text = "population,error,lr,wd,dataset,model\np,3,0.1,1e-4," + uri +
                             ",\"{\"\"depths\"\":[1],\"\"widths\"\":[16]}\"\n";
    ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv");
    return ParseJson(Sweep(db), "sweep").at(0).at("cfg").at("TRAIN").value("DATASET", "none");
  };
  CHECK(dataset("cifar10") == "cifar10");
  CHECK(dataset("cifar10:/data") == "cifar10");
  CHECK(dataset("cifar100") == "none");
  CHECK(dataset("cifar100:/data") == "none");
}

TEST_CASE("runs without settings, and networks pycls has not, are counted and named") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  const std::string text =
      "population,error,lr,wd,model\n"
      "p,1,,,\"{\"\"depths\"\":[1],\"\"widths\"\":[16]}\"\n"
      "p,2,0.1,1e-4,\"{\"\"block\"\":\"\"VR\"\",\"\"depths\"\":[1],\"\"widths\"\":[16]}\"\n"
      "p,3,0.1,1e-4,\"{\"\"depths\"\":[1],\"\"widths\"\":[16]}\"\n";
  ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv");
  ExportSummary summary;
  const Json jobs = ParseJson(Sweep(db, &summary), "sweep");
  CHECK(summary.written == 1);
  CHECK(summary.without_training == 1);
  CHECK(summary.inexpressible == 1);
  REQUIRE(summary.examples.size() == 1);
  CHECK_THAT(summary.examples[0], Contains(": pycls has no block VR"));
  CHECK(jobs.at(0).at("test_epoch").at("top1_err") == Json({3}));
}

TEST_CASE("a configuration for each network, with the recipe where one is chosen") {
  Study study;
  std::map<std::string, std::string> files;
  const FileSink sink = [&](const std::string& name, std::string_view text) {
    CHECK(files.emplace(name, text).second);
  };
  CHECK(ExportPyclsYaml(study.db, {}, sink).written == 3);
  const std::string name = MakeDraws(1).at(0).hash + ".yaml";
  REQUIRE(files.count(name) == 1);
  CHECK_THAT(files[name], Contains("  WIDTHS: [8, 16]\n") && !Contains("OPTIM"));
  CHECK_THAT(files[name], Catch::StartsWith("# \"=p \\\"quoted\\\", comma\\nline"));
  files.clear();
  CHECK(ExportPyclsYaml(study.db, Only({}, {"cifar"}), sink).written == 3);
  CHECK_THAT(files[name], Contains("  BASE_LR: 0.1\n") && Contains("  MAX_EPOCH: 2\n") &&
                              Contains("  WEIGHT_DECAY: 5.0e-05\n"));
  files.clear();
  CHECK_THAT(MessageOf([&] {
               ExportPyclsYaml(study.db, Only({}, {"cifar", "imported"}), sink);
             }),
             Contains("choose it with --recipe"));
}

}  // namespace
}  // namespace dse::sweep_export_test
