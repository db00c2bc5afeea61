#include "db/exchange/import.h"

#include <catch2/catch.hpp>

#include "core/hash.h"
#include "db/exchange/csv_import.h"
#include "db/populations.h"
#include "db/series.h"
#include "db/sqlite/connection.h"
#include "tests/db/fixtures.h"
#include "tests/support/temp_folder.h"

namespace dse::import_test {
namespace {

using Catch::Matchers::Contains;

const char* const kModelField =
    R"("{""type"":""anynet"",""block"":""X"",""depths"":[1],""widths"":[32],""group_widths"":[8],""bottleneck"":[1]}")";

std::string ParseMessage(const std::string& text) {
  return MessageOf([&] { ParseCsvImport(text, "f.csv"); });
}

struct File {
  ImportSummary Import(const std::string& text) {
    return ImportRows(db, ParseCsvImport(text, "f.csv"), "f.csv");
  }
  std::string ImportMessage(const std::string& text) {
    return MessageOf([&] { Import(text); });
  }
  TempFolder folder;
  Database db = Database::Open(folder / "a.db", OpenMode::kCreate);
};

TEST_CASE("a file is read with quotes, line ends inside fields, CRLF and a byte order mark") {
  const std::vector<ImportRow> rows = ParseCsvImport(
      "\xEF\xBB\xBFpopulation,error,note,depth\r\n"
      "\"a, \"\"b\"\"\nc\",12.5,\"two\r\nlines\",3\r\n"
      "\r\n"
      "d, +1e1 ,text,\r\n"
      "e,,,7",
      "f.csv");
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].population == "a, \"b\"\nc");
  CHECK(rows[0].error == 12.5);
  CHECK(rows[0].line == 2);
  CHECK(rows[0].properties == std::map<std::string, double>{{"depth", 3}});  // text is left out
  CHECK(rows[1].error == 10.0);
  CHECK(rows[1].line == 6);
  CHECK(rows[1].properties.empty());
  CHECK(rows[2].state == RunState::kFailed);
  CHECK_FALSE(rows[2].error);
}

TEST_CASE("states and models are read") {
  const std::vector<ImportRow> rows =
      ParseCsvImport(std::string("model,population,state,error,best_error\n") + kModelField +
                         ",p,done,20,19\n,p,diverged,,\n,p,out_of_memory,,\n",
                     "f.csv");
  REQUIRE(rows.size() == 3);
  REQUIRE(rows[0].model);
  CHECK(rows[0].hash == ModelHash(*rows[0].model));
  CHECK(rows[0].best_error == 19.0);
  CHECK(rows[1].state == RunState::kDiverged);
  CHECK(rows[2].state == RunState::kOutOfMemory);
}

TEST_CASE("a bad file is refused with file, line and reason") {
  CHECK(ParseMessage("") == "f.csv:1: the file is empty; a header line comes first");
  CHECK(ParseMessage("population,errors\np,1\n") ==
        "f.csv:1: there is no column 'error'; is 'errors' meant to be it?");
  CHECK(ParseMessage("error\n1\n") == "f.csv:1: there is no column 'population'");
  CHECK_THAT(ParseMessage("population,error,x,x\n"),
             Contains("f.csv:1: column 'x' is there twice"));
  CHECK_THAT(ParseMessage("population,error,\n"), Contains("f.csv:1: column 3 has no name"));
  const std::string header = "population,error,x\n";
  CHECK(ParseMessage(header + "p,1,1\n\np,2\n") == "f.csv:4: has 2 fields where the header has 3");
  CHECK(ParseMessage(header + "p,1,1\np,1,two\n") == "f.csv:3: 'two' in column 'x' is no number");
  CHECK(ParseMessage(header + "p,1,one\np,1,2\n") == "f.csv:2: 'one' in column 'x' is no number");
  CHECK(ParseMessage(header + "p,12%,1\n") == "f.csv:2: '12%' in column 'error' is no number");
  CHECK(ParseMessage(header + "p,nan,1\n") == "f.csv:2: 'nan' in column 'error' is not finite");
  CHECK(ParseMessage(header + "p,1,1e999\n") == "f.csv:2: '1e999' in column 'x' is not finite");
  CHECK(ParseMessage(header + "p,101,1\n") == "f.csv:2: error must be a percentage from 0 to 100");
  CHECK(ParseMessage(header + ",1,1\n") == "f.csv:2: the population has no name");
  CHECK_THAT(ParseMessage(header + "p,1,\"1\n"), Contains("f.csv:2: a quoted field is not closed"));
  CHECK_THAT(ParseMessage(header + "p,1,\"1\"x\n"), Contains("f.csv:2: text follows"));
}

TEST_CASE("numbers that cannot be stored or contradict each other are refused with their line") {
  File file;
  CHECK(ParseMessage("population,error,seconds\np,1,1e305\n") ==
        "f.csv:2: seconds must be at most 1e+300");
  CHECK(ParseMessage("population,error,img_per_s\np,1,1e305\n") ==
        "f.csv:2: img_per_s must be at most 1e+300");
  CHECK(file.ImportMessage("population,error,lr\np,2,1e301\n") ==
        "f.csv:2: lr must be from 1e-09 to 1000, not 1e+301");
  CHECK(file.ImportMessage("population,error,wd\np,2,1.5\n") ==
        "f.csv:2: wd must be from 0 to 1, not 1.5");
  CHECK(ParseMessage("population,error,wd,weight_decay\np,1,1,1\n") ==
        "f.csv:1: columns 'wd' and 'weight_decay' mean the same; only one can be there");
  CHECK(ParseMessage("population,error,best_error\np,2,2\np,2,2.5\n") ==
        "f.csv:3: best_error 2.5 is the lowest, so it cannot be above error 2");
}

TEST_CASE("columns that say something and are not read are named") {
  std::vector<std::string> left_out;
  ParseCsvImport("population,error,note,empty,space,depth,run_id,name\np,2,text,,X,3,7,n\n",
                 "f.csv", ErrorUnit::kUnsaid, &left_out);
  CHECK(left_out == std::vector<std::string>{"note", "space", "run_id"});
}

TEST_CASE("states, hashes and models that contradict themselves are refused") {
  const std::string state = "population,error,state,best_error\n";
  CHECK_THAT(ParseMessage(state + "p,1,finished,\n"),
             Contains("f.csv:2: state 'finished' must be one of pending, running, done, diverged"));
  CHECK(ParseMessage(state + "p,1,pending,\n") == "f.csv:2: state 'pending' goes without an error");
  CHECK(ParseMessage(state + "p,1,failed,\n") == "f.csv:2: state 'failed' goes without an error");
  CHECK(ParseMessage(state + "p,,done,\n") == "f.csv:2: state 'done' needs an error");
  CHECK_THAT(ParseMessage(state + "p,,failed,3\n"), Contains("best_error goes with done"));
  const std::string model = "population,error,hash,model\n";
  CHECK_THAT(ParseMessage(model + "p,1,xyz,\n"), Contains("not 16 hexadecimal digits"));
  CHECK_THAT(ParseMessage(model + "p,1,0123456789abcdef," + kModelField + "\n"),
             Contains("f.csv:2: the model's hash is"));
  CHECK_THAT(ParseMessage(model + "p,1,,\"{\"\"type\"\":\"\"tree\"\"}\"\n"),
             Contains("f.csv:2: model"));
  CHECK_THAT(ParseMessage(model + "p,1,,{\n"), Contains("f.csv:2: model"));
}

TEST_CASE("rows without a model are members by their names, equal ones repeats") {
  File file;
  const std::string text =
      "population,error,name,depth,lr\np,30,a,4,0.1\np,32,a,4,0.1\np,40,b,4,0.1\nq,,a,8,0.1\n";
  const ImportSummary summary = file.Import(text);
  CHECK(file.Import(text).known == 4);
  CHECK(summary.populations == 2);
  CHECK(summary.members == 3);
  CHECK(summary.runs == 4);
  CHECK(summary.known == 0);
  const std::vector<SeriesRecord> series = LoadSeries(file.db, {});
  REQUIRE(series.size() == 2);
  CHECK(series[0].recipe == "imported");
  REQUIRE(series[0].members.size() == 2);
  const MemberRecord& first = series[0].members[0];
  CHECK(first.hash == "");
  CHECK_FALSE(first.model);
  CHECK(first.lr == 0.1);
  CHECK(first.properties == std::map<std::string, double>{{"depth", 4}});
  REQUIRE(first.runs.size() == 2);
  CHECK(first.runs[0].error == 30.0);
  CHECK(first.runs[1].error == 32.0);
  CHECK(series[1].members[0].runs[0].state == RunState::kFailed);
  CHECK(file.db.impl().connection.QueryText(
            "SELECT group_concat(model) FROM (SELECT model FROM results ORDER BY run_id)") ==
        "a,a,b,a");
  // Another learning rate is another member, and a name has one value of a property.
  CHECK(file.Import("population,error,name,depth,lr\np,35,a,4,0.2\n").members == 1);
  CHECK_THAT(file.ImportMessage("population,error,name,depth,lr\np,35,a,5,0.2\n"),
             Contains("f.csv:2: 'depth' is 5 here, but was 4"));
  CHECK(LoadMembers(file.db, {}).empty());  // nothing to train
}

TEST_CASE("rows that no name tells apart are a member each, whatever their properties") {
  File file;
  std::string text = "population,error,depth\n";
  for (int i = 0; i < 100; ++i) {
    text += "p," + std::to_string(20 + i / 4) + "," + std::to_string(10 + i % 5) + "\n";
  }
  CHECK(file.Import(text).members == 100);
  const ImportSummary again = file.Import(text);
  CHECK(again.members + again.runs == 0);
  CHECK(again.known == 100);
  const std::vector<SeriesRecord> series = LoadSeries(file.db, {});
  REQUIRE(series.at(0).members.size() == 100);
  for (const MemberRecord& member : series[0].members) CHECK(member.runs.size() == 1);
  CHECK(series[0].members[7].properties == std::map<std::string, double>{{"depth", 12}});
  CHECK(file.Import(text + "p,50,10\n").members == 1);
}

TEST_CASE("equal rows that no name tells apart are members each, with seeds and without") {
  File file;
  const std::string text =
      "population,error,depth,seed\np,30,4,0\np,31,4,1\np,32,4,1\np,33,4,\np,34,4,\n";
  CHECK(file.Import(text).members == 5);
  CHECK(file.Import(text).known == 5);
  CHECK(file.Import("population,error,depth,seed\np,40,4,2\n").members == 1);
  CHECK(file.Import(text).known == 5);
}

TEST_CASE("rows once imported as repeats of one member stay so") {
  File file;
  // What such a file has: two runs of one member, whose key is that of its properties.
  ImportRow row;
  row.population = "p";
  row.error = 30;
  row.properties = {{"depth", 4}};
  row.member_key = ShortHash(R"({"properties":{"depth":4.0}})");
  ImportRow second = row;
  second.error = 31;
  CHECK(ImportRows(file.db, {row, second}, "old.csv").members == 1);
  const std::string text = "population,error,depth\np,30,4\np,31,4\np,32,4\n";
  const ImportSummary again = file.Import(text);
  CHECK(again.known == 2);
  CHECK(again.members == 1);
  CHECK(file.Import(text).known == 3);
  CHECK(file.Import("population,error,depth,seed\np,31,4,1\n").known == 1);
}

TEST_CASE("a first column without a name is left out and said so") {
  // As pandas' to_csv and R's write.csv write the names of their rows.
  for (const char* first : {"", "\"\""}) {
    std::vector<std::string> left_out;
    const std::vector<ImportRow> rows =
        ParseCsvImport(std::string(first) + ",population,error,depth\n0,p,30,4\n1,p,31,4\n",
                       "f.csv", ErrorUnit::kUnsaid, &left_out);
    REQUIRE(rows.size() == 2);
    CHECK(rows[1].error == 31);
    CHECK(rows[1].properties == std::map<std::string, double>{{"depth", 4}});
    CHECK(left_out == std::vector<std::string>{"the first, which has no name"});
  }
}

TEST_CASE("errors that may be fractions are asked about") {
  const std::string text = "population,error,best_error\np,0.29,0.07\np,,\np,1,0.5e0\n";
  CHECK(ParseMessage(text) ==
        "f.csv: all errors are within 0 to 1; say --errors-are fractions where 0.25 is 25%, or "
        "--errors-are percent where it is a quarter of a percent");
  const std::vector<ImportRow> fractions = ParseCsvImport(text, "f.csv", ErrorUnit::kFractions);
  CHECK(fractions[0].error == 29);  // 100 * 0.29 is less
  CHECK(fractions[0].best_error == 7);
  CHECK(fractions[2].error == 100);
  CHECK(fractions[2].best_error == 50);
  CHECK(ParseCsvImport(text, "f.csv", ErrorUnit::kPercent)[0].error == 0.29);
  // One error above 1 settles it, and an export of ours is in percent.
  CHECK(ParseCsvImport("population,error\np,0.5\np,1.5\n", "f.csv")[0].error == 0.5);
  CHECK(ParseCsvImport("population,error,member_key\np,0.5,\n", "f.csv")[0].error == 0.5);
  CHECK(ParseMessage("population,error\np,\n").empty());
  CHECK(MessageOf([] {
          ParseCsvImport("population,error\np,0.5\np,30\n", "f.csv", ErrorUnit::kFractions);
        }) == "f.csv:3: error must be a fraction from 0 to 1");
}

TEST_CASE("rows with nothing but an error are a member each") {
  File file;
  const std::string text = "population,error\np,30\np,30\np,31\n";
  CHECK(file.Import(text).members == 3);
  CHECK(file.Import(text).known == 3);
  REQUIRE(LoadSeries(file.db, {}).size() == 1);
  CHECK(LoadSeries(file.db, {})[0].members.size() == 3);
}

TEST_CASE("rows with a model become members that can be trained") {
  File file;
  const std::string text = std::string("population,error,model,lr,wd\n") + "p,30," + kModelField +
                           ",0.1,1e-4\np,31," + kModelField + ",0.1,1e-4\np,40," + kModelField +
                           ",0.2,1e-4\n";
  CHECK(file.Import(text).members == 2);
  const std::vector<StoredMember> members = LoadMembers(file.db, {});
  REQUIRE(members.size() == 2);
  CHECK(members[0].draw.overrides == Overrides{0.1, 1e-4});
  CHECK(members[0].draw.complexity == CountComplexity(members[0].draw.model));
  CHECK(file.db.impl().connection.QueryText(
            "SELECT lr || ' ' || wd FROM results WHERE error = 40") == "0.2 0.0001");
}

TEST_CASE("a hash names a model the file knows, and only such a one") {
  File file;
  const std::vector<Draw> draws = MakeDraws(1);
  StorePopulation(file.db, MakePopulation("p"), draws);
  CHECK(file.Import("population,error,hash\nq,30," + draws[0].hash + "\n").members == 1);
  CHECK(LoadSeries(file.db, {})[0].members[0].hash == draws[0].hash);
  CHECK_THAT(file.ImportMessage("population,error,hash\nr,1," + draws[0].hash +
                                "\nr,2,0123456789abcdef\n"),
             Contains("f.csv:3: no model 0123456789abcdef"));
  CHECK(ListPopulations(file.db).size() == 2);  // nothing of the second file
}

TEST_CASE("importing again changes nothing, more rows add, contradictions are refused") {
  File file;
  const std::string header = "population,error,name\n";
  file.Import(header + "p,30,a\np,31,a\n");
  const ImportSummary again = file.Import(header + "p,30,a\np,31,a\n");
  CHECK(again.populations + again.members + again.runs == 0);
  CHECK(again.known == 2);
  const ImportSummary more = file.Import(header + "p,30,a\np,31,a\np,32,a\np,50,b\n");
  CHECK(more.known == 2);
  CHECK(more.members == 1);
  CHECK(more.runs == 2);
  CHECK_THAT(file.ImportMessage(header + "p,20,c\np,30.5,a\n"),
             Contains("f.csv:3: contradicts what") && Contains("error 30"));
  CHECK(LoadSeries(file.db, {})[0].members.size() == 2);
}

TEST_CASE("a seed tells a run, in whatever file and place it is") {
  File file;
  const std::string header = "population,error,name,seed\n";
  CHECK(file.Import(header + "p,10,4,1\n").runs == 1);
  CHECK(file.Import(header + "p,12,4,2\n").runs == 1);  // another one, no contradiction
  CHECK(file.Import(header + "p,10,4,3\n").runs == 1);  // also with an equal error
  const ImportSummary all = file.Import(header + "p,10,4,3\np,11,4,0\np,12,4,2\np,10,4,1\n");
  CHECK(all.runs == 1);
  CHECK(all.known == 3);
  CHECK_THAT(file.ImportMessage(header + "p,11,4,2\n"), Contains("f.csv:2: contradicts"));
  CHECK(file.ImportMessage(header + "p,11,4,8\np,7,5,8\np,11,4,8\n") ==
        "f.csv:4: seed 8 of this network was in line 2 already");
  CHECK(file.db.impl().connection.QueryText(
            "SELECT group_concat(seed || ':' || error) FROM results") ==
        "1:10.0,2:12.0,3:10.0,0:11.0");
}

TEST_CASE("rows without a seed are numbered past the seeds that are given") {
  File file;
  const std::string text = "population,error,name,seed\np,10,4,\np,11,4,0\np,12,4,\np,13,4,2\n";
  CHECK(file.Import(text).runs == 4);
  CHECK(file.Import(text).known == 4);
  CHECK(file.db.impl().connection.QueryText("SELECT group_concat(seed || ':' || error) FROM "
                                            "(SELECT * FROM results ORDER BY error)") ==
        "1:10.0,0:11.0,3:12.0,2:13.0");
}

TEST_CASE("runs stored by the place of their row are found by their seed") {
  File file;
  const std::string header = "population,error,name";
  CHECK(file.Import(header + "\np,10,4\np,11,4\np,12,4\n").runs == 3);
  CHECK(file.Import(header + ",seed\np,12,4,2\np,10,4,0\n").known == 2);
  CHECK(file.Import(header + "\np,10,4\np,11,4\np,12,4\n").known == 3);
}

TEST_CASE("rows with nothing but an error are numbered in their own series") {
  File file;
  const std::string header = "population,error,recipe\n";
  CHECK(file.Import(header + "p,10,a\np,20,b\np,11,a\np,21,b\n").members == 4);
  CHECK(file.Import(header + "p,20,b\np,21,b\np,22,b\n").known == 2);
  CHECK(file.Import(header + "p,10,a\np,20,b\np,11,a\np,21,b\n").known == 4);
}

TEST_CASE("the same network may have other numbers in another imported population") {
  File file;
  const std::string header = "population,error,model\n";
  CHECK(file.Import(header + "p,30," + kModelField + "\nq,40," + kModelField + "\n").runs == 2);
}

TEST_CASE("an imported population keeps to itself, and a property to one value") {
  File file;
  StorePopulation(file.db, MakePopulation("drawn"), MakeDraws(1));
  CHECK_THAT(file.ImportMessage("population,error\ndrawn,30\n"),
             Contains("f.csv:2: population 'drawn' was sampled"));
  file.Import("population,error\np,30\n");
  CHECK_THAT(MessageOf([&] { StorePopulation(file.db, MakePopulation("p"), MakeDraws(1)); }),
             Contains("was imported, not drawn from space 'RegNetX'"));
  CHECK_THAT(file.ImportMessage(std::string("population,error,model,latency\nr,1,") + kModelField +
                                ",5\nr,2," + kModelField + ",6\n"),
             Contains("f.csv:3: 'latency' is 6 here, but was 5"));
  CHECK_THAT(file.ImportMessage("population,error,lr\nr,2,-0.1\n"),
             Contains("f.csv:2: lr must be from 1e-09 to 1000, not -0.1"));
}

}  // namespace
}  // namespace dse::import_test
