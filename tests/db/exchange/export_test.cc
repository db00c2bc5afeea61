#include "db/exchange/export.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "db/claims.h"
#include "db/exchange/csv_import.h"
#include "db/exchange/export_pycls.h"
#include "db/exchange/export_table.h"
#include "db/exchange/import.h"
#include "db/exchange/sweep_import.h"
#include "db/finishing.h"
#include "db/fits.h"
#include "db/owner.h"
#include "db/plan.h"
#include "db/populations.h"
#include "db/series.h"
#include "tests/db/exchange/export_study.h"

namespace dse::export_test {
namespace {

using Catch::Matchers::Contains;

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
      "population,error,recipe,dataset,lr,seed,name\np,20,short,cifar,0.1,3,a\n"
      "p,10,long,cifar,0.1,3,a\np,11,long,cifar,0.1,5,a\n";
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
  const std::string text = "population,error,\"a \"\"b\"\"\nc\\\"\np,30,2\n";
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
  Database other = Database::Open(study.folder / "a.db", OpenMode::kReadWrite, LockWait{0});
  int written = 0;
  ExportCsv(study.db, {}, [&](std::string_view) {
    StoreFits(other, "grid", {});
    other.impl().connection.Execute("UPDATE runs SET host = 'x' WHERE id = 1");
    ++written;
  });
  CHECK(written == 10);
}

}  // namespace
}  // namespace dse::export_test
