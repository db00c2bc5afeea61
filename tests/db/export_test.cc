#include "db/export.h"

#include <catch2/catch.hpp>

#include "core/named_models.h"
#include "db/connection.h"
#include "db/import.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

using Catch::Matchers::Contains;
using Rows = std::vector<std::string>;

SeriesFilter Only(Rows populations, Rows recipes = {}) {
  return {std::move(populations), std::move(recipes), {}};
}

std::string Csv(Database& db, const SeriesFilter& filter = {}) {
  std::string text;
  ExportCsv(db, filter, [&](std::string_view bytes) { text += bytes; });
  return text;
}

std::string JsonLines(Database& db, const SeriesFilter& filter = {}) {
  std::string text;
  ExportJsonLines(db, filter, [&](std::string_view bytes) { text += bytes; });
  return text;
}

std::string Sweep(Database& db, ExportSummary* summary = nullptr) {
  std::string text;
  const ExportSummary found = ExportSweep(db, {}, [&](std::string_view bytes) { text += bytes; });
  if (summary) *summary = found;
  return text;
}

// What an export and an import must keep, a text for each row.
Rows Results(Database& db, const std::string& columns = "population, recipe, dataset, seed") {
  Rows rows;
  sqlite::Statement row(
      db.impl().connection,
      "SELECT json_array(model, hash, state, error, best_error, lr, wd, seconds, flops, params,"
      " acts, widths, w0, wa, wm, img_per_s, micro_batch, " +
          columns +
          ", (SELECT json_group_object(name, value) FROM properties p"
          " WHERE p.member_id = v.member_id)) AS text FROM results v ORDER BY text");
  while (row.Step()) rows.push_back(row.Text(0));
  return rows;
}

Rows Curves(Database& db) {
  Rows rows;
  sqlite::Statement row(db.impl().connection,
                        "SELECT json_array(model, hash, seed, epoch, lr, train_loss, train_error,"
                        " test_error, seconds) AS text FROM curves ORDER BY text");
  while (row.Step()) rows.push_back(row.Text(0));
  return rows;
}

// A file with a trained population of awkward name and an imported one without models.
struct Study {
  Study() {
    StorePopulation(db, MakePopulation(kName), MakeDraws(3));
    WantedRuns wanted = MakeWanted(db, kName, 2);
    const std::vector<int64_t> runs = PlanRuns(db, wanted).run_ids;
    Train(runs.at(0), {60, 50.125});
    Train(runs.at(1), {70, 1.0 / 3});
    Finish(runs.at(2), RunState::kDiverged);
    Finish(runs.at(3), RunState::kOutOfMemory);
    ImportRows(db,
               ParseCsvImport("population,error,state,depth,b,lr,\"a,b\",flops\n"
                              "q,20,,4,2,0.1,1e-300,7\nq,21,,4,2,0.1,1e-300,7\n"
                              "q,,cancelled,5,1,0.1,0.1,8\n",
                              "f.csv"),
               "f.csv");
  }
  ClaimedRun Claim(int64_t id) {
    const std::vector<int64_t> ids = {id};
    return ClaimNext(db, Owner::ThisProcess(), Request(ids)).value();
  }
  void Train(int64_t id, const std::vector<double>& errors) {
    const ClaimedRun run = Claim(id);
    double best = 100;
    for (size_t i = 0; i < errors.size(); ++i) {
      best = std::min(best, errors[i]);
      EpochRecord epoch;
      epoch.epoch = static_cast<int64_t>(i) + 1;
      epoch.lr = 0.1 / 3;
      epoch.train_loss = 1.5;
      epoch.train_error = errors[i] / 7;
      epoch.test_error = errors[i];
      epoch.seconds = 0.1;
      REQUIRE(RecordEpoch(db, run, epoch));
    }
    FinishedRun result = Done(errors.back());
    result.best_error = best;
    result.seconds = 0.2;
    REQUIRE(FinishRun(db, run, result));
  }
  void Finish(int64_t id, RunState state) {
    FinishedRun result;
    result.state = state;
    result.seconds = 1;
    REQUIRE(FinishRun(db, Claim(id), result));
  }

  static inline const std::string kName = "=p \"quoted\", comma\nline \xC3\xBC";
  TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
};

TEST_CASE("what was exported as CSV is the same when it is imported again") {
  Study study;
  Database again = Database::Open(study.folder / "b.db", OpenMode::kCreate);
  const std::string csv = Csv(study.db);
  const std::vector<ImportRow> rows = ParseCsvImport(csv, "out.csv");
  CHECK(ImportRows(again, rows, "out.csv").open == 2);  // never trained
  study.db.impl().connection.Execute(
      "DELETE FROM series_runs WHERE run_id IN (SELECT id FROM runs WHERE state = 'pending')");
  CHECK(Results(again) == Results(study.db));
  CHECK(Results(again).size() == 7);
  CHECK(Csv(again).substr(0, Csv(again).find("\r\n")) == csv.substr(0, csv.find("\r\n")));
  CHECK(ImportRows(again, ParseCsvImport(Csv(again), "out.csv"), "out.csv").known == 7);
}

TEST_CASE("members without a model stay those they were when they are imported again") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  const auto import = [](Database& into, const std::string& text) {
    return ImportRows(into, ParseCsvImport(text, "f.csv"), "f.csv");
  };
  import(db, "population,error\nbare,10\nbare,11\nbare,12\n");
  // Jobs of networks that are none of ours, with equal numbers.
  std::string sweep = R"([{"cfg":{"MODEL":{"TYPE":"vit"},"A":1,"VIT":{"X":1}},)"
                      R"("test_epoch":{"epoch_ind":[1],"epoch_max":[1],"top1_err":[40]}},)"
                      R"({"cfg":{"MODEL":{"TYPE":"vit"},"VIT":{"X":2}},)"
                      R"("test_epoch":{"epoch_ind":[1],"epoch_max":[1],"top1_err":[41]}}])";
  ImportRows(db, ParseSweepImport(sweep, "s.json", "vit").rows, "s.json");
  import(db, "population,error,depth,weight_decay\nx,20,3,0.5\n");
  const Rows before = Results(db, "population, member");
  REQUIRE(before.size() == 6);
  CHECK(import(db, Csv(db)).known == 6);  // nothing is doubled
  CHECK(Results(db, "population, member") == before);
  Database copy = Database::Open(folder / "b.db", OpenMode::kCreate);
  CHECK(import(copy, Csv(db)).members == 6);
  CHECK(Results(copy, "population, member") == before);
  CHECK(import(db, Csv(copy)).known == 6);
  CHECK_THAT(MessageOf([&] { import(db, "population,error,member_key\np,1,xyz\n"); }),
             Contains("f.csv:2: member_key 'xyz' is not 16 hexadecimal digits"));
}

TEST_CASE("members that share a run stay two members when they are imported again") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::vector<Draw> draws = MakeDraws(1);
  Draw own = draws[0];
  own.index = 1;
  own.overrides.lr = 0.1;  // that of the recipe
  draws.push_back(own);
  StorePopulation(db, MakePopulation("p"), draws);
  const std::vector<int64_t> runs = PlanRuns(db, MakeWanted(db, "p")).run_ids;
  for (const int64_t id : std::set<int64_t>(runs.begin(), runs.end())) {
    const std::vector<int64_t> ids = {id};
    const ClaimedRun run = ClaimNext(db, Owner::ThisProcess(), Request(ids)).value();
    REQUIRE(FinishRun(db, run, Done(30)));
  }
  const Rows before = Results(db, "population, seed, member");
  REQUIRE(before.size() == 2);
  REQUIRE(db.impl().connection.QueryInt("SELECT count(*) FROM runs") == 1);
  const std::vector<ImportRow> rows = ParseCsvImport(Csv(db), "f.csv");
  Database copy = Database::Open(folder / "b.db", OpenMode::kCreate);
  CHECK(ImportRows(copy, rows, "f.csv").members == 2);
  CHECK(Results(copy, "population, seed, member") == before);
  CHECK(ImportRows(copy, rows, "f.csv").known == 2);
  const std::vector<ImportRow> again = ParseCsvImport(Csv(copy), "g.csv");
  CHECK(ImportRows(copy, again, "g.csv").known == 2);
  std::string sweep = Sweep(db);
  Database jobs = Database::Open(folder / "c.db", OpenMode::kCreate);
  CHECK(ImportRows(jobs, ParseSweepImport(sweep, "s.json", "p").rows, "s.json").members == 2);
  CHECK(jobs.impl().connection.QueryText("SELECT group_concat(seed) FROM runs") == "0,0");
}

TEST_CASE("CSV is RFC 4180 with shortest numbers, and text is left as it is") {
  Study study;
  const std::string csv = Csv(study.db, Only({Study::kName}));
  CHECK_THAT(
      csv, Catch::StartsWith("population,space,name,hash,model,recipe,dataset,seed,state,error,"));
  CHECK_THAT(csv, Contains("\r\n\"=p \"\"quoted\"\", comma\nline \xC3\xBC\",RegNetX,"));
  CHECK_THAT(csv, Contains(",0.3333333333333333,"));
  CHECK_THAT(csv, Contains(",done,50.125,50.125,"));
  CHECK_THAT(csv, Contains(",diverged,,,"));
  const std::string q = Csv(study.db, Only({"q"}));
  CHECK_THAT(q, Contains("run_id,\"a,b\",b (property),depth (property),flops (property)\r\n"));
  CHECK_THAT(q, Contains(",1e-300,2,4,7\r\n"));
}

TEST_CASE("two series of a population stay two when they are imported") {
  const std::string text =
      "population,error,recipe,dataset,lr,seed\np,20,short,cifar,0.1,3\np,10,long,cifar,0.1,3\n"
      "p,11,long,cifar,0.1,5\n";
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  CHECK(ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv").members == 1);
  CHECK(ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv").known == 3);
  const std::vector<SeriesRecord> series = LoadSeries(db, {});
  REQUIRE(series.size() == 2);
  CHECK(series[1].recipe == "long");
  CHECK(series[1].dataset == "cifar");
  REQUIRE(series[1].members.at(0).runs.size() == 2);
  CHECK(series[1].members.at(0).runs.at(1).seed == 5);
}

TEST_CASE("a column of the export is no property of a network, but is one of bare numbers") {
  const std::string model = R"("{""depths"":[1],""widths"":[16]}")";
  const std::vector<ImportRow> rows =
      ParseCsvImport("population,error,model,flops,b,member,seconds,flops (property)\np,1," +
                         model + ",5,\"[1,1]\",7,2.5,9\np,2,,,3,8,,10\n",
                     "f.csv");
  CHECK(rows.at(0).properties == std::map<std::string, double>{{"flops", 9}});
  CHECK(rows.at(0).seconds == 2.5);
  CHECK(rows.at(1).properties == std::map<std::string, double>{{"b", 3}, {"flops", 10}});
  CHECK_THAT(
      MessageOf([] { ParseCsvImport("population,error,x,x (property)\np,1,2,3\n", "f.csv"); }),
      Contains("property 'x' is there twice"));
  CHECK_THAT(MessageOf([] { ParseCsvImport("population,error,seed\np,1,1.5\n", "f.csv"); }),
             Contains("f.csv:2: seed must be a whole number from 0, not '1.5'"));
  CHECK_THAT(MessageOf([] { ParseCsvImport("population,error,seconds\np,1,-2\n", "f.csv"); }),
             Contains("f.csv:2: seconds must be at least 0"));
}

TEST_CASE("JSON Lines have the same as JSON values") {
  Study study;
  const std::string text = JsonLines(study.db);
  std::vector<Json> rows;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    rows.push_back(ParseJson(text.substr(at, text.find('\n', at) - at), "line"));
  }
  REQUIRE(rows.size() == 9);
  CHECK(rows[0].at("population") == Study::kName);
  CHECK(rows[0].at("error") == 50.125);
  CHECK(rows[0].at("model").at("regnet").at("wa") == 24.5);
  CHECK(rows[0].at("widths") == Json({8, 16}));
  CHECK(rows[0].at("properties") == Json::object());
  CHECK(rows[2].at("error") == nullptr);
  CHECK(rows[6].at("model") == nullptr);
  CHECK(rows[6].at("properties") == Json({{"a,b", 1e-300}, {"b", 2}, {"depth", 4}, {"flops", 7}}));
}

TEST_CASE("names of properties are escaped once in JSON Lines") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  const std::string text = "population,error,\"a \"\"b\"\"\nc\\\"\np,1,2\n";
  ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv");
  CHECK(ParseJson(JsonLines(db), "line").at("properties") == Json({{"a \"b\"\nc\\", 2}}));
}

TEST_CASE("an empty file exports a header, nothing, and an empty sweep") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  CHECK_THAT(Csv(db), Catch::EndsWith("run_id\r\n") && !Contains("\r\np"));
  CHECK(JsonLines(db).empty());
  CHECK(Sweep(db) == "[]\n");
  CHECK(ExportPyclsYaml(db, {}, [](auto&&...) { FAIL("a file"); }).written == 0);
}

TEST_CASE("names that are not in the file are refused with the nearest") {
  Study study;
  CHECK_THAT(MessageOf([&] { Csv(study.db, Only({"qq"})); }),
             Contains("no population 'qq', did you mean 'q'?"));
  CHECK_THAT(MessageOf([&] { JsonLines(study.db, Only({}, {"cifr"})); }),
             Contains("no recipe with results 'cifr', did you mean 'cifar'?"));
  CHECK_THAT(MessageOf([&] { ExportPyclsYaml(study.db, Only({"x"}), [](auto&&...) {}); }),
             Contains("no population 'x'"));
}

TEST_CASE("more rows than a page come whole and in order") {
  const TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
  std::string text = "population,error,x\n";
  for (int i = 0; i < 1'000; ++i) {
    text += "p," + std::to_string(i % 100) + "," + std::to_string(i / 2) + "\n";
  }
  ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv");
  const std::vector<ImportRow> rows = ParseCsvImport(Csv(db), "out.csv");
  REQUIRE(rows.size() == 1'000);
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK(rows[i].error == static_cast<double>(i % 100));
    CHECK(rows[i].properties.at("x") == static_cast<double>(i / 2));
  }
}

TEST_CASE("others can write while an export's bytes are taken") {
  Study study;
  Database other = Database::Open(study.folder / "a.db", OpenMode::kReadWrite);
  other.set_busy_timeout(0);
  int written = 0;
  ExportCsv(study.db, {}, [&](std::string_view) {
    StoreFits(other, "grid", {});
    other.impl().connection.Execute("UPDATE runs SET host = 'x' WHERE id = 1");
    ++written;
  });
  CHECK(written == 10);
}

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
}  // namespace dse
