#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/json.h"
#include "tests/cli/hostile.h"
#include "tests/cli/program.h"

// Names that try to become commands, SQL, HTML, options, columns or what a terminal obeys. Whatever
// they are names of, they are stored as they are and shown as text.

namespace dse::hostile_names_test {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

// A study of two done runs in which everything that has a name has this one.
class NamedStudy {
 public:
  explicit NamedStudy(const std::string& name) : name_(name), db_(folder_ / "a.db") {
    const std::string field = CsvField(name);
    const std::string model =
        CsvField(R"({"type":"anynet","stem":"cifar","resolution":32,"classes":10,"depths":[1,1],)"
                 R"("widths":[16,32],"group_widths":16,"name":)" +
                 Json(name).dump() + "}");
    std::string csv =
        "population,recipe,dataset,seed,state,error,lr,wd,model," + CsvField(name) + "\r\n";
    for (const char* seed : {"0", "1"}) {
      csv += field + "," + field + "," + field + "," + seed + ",done,3" + seed + ",0.1,5e-5," +
             model + ",2.5\r\n";
    }
    Text({"import", "--db", db_, folder_.Write("in.csv", csv)});
    const std::string text = SqlText(name);
    Query(db_, "UPDATE runs SET message = " + text + ", host = " + text + ", device = " + text +
                   ", engine = " + text + ", data_uri = " + text + " RETURNING id");
    Query(
        db_,
        "INSERT INTO attempts(run_id, attempt, owner, host, device, started_at, ended_at, outcome,"
        " message) SELECT id, 1, " +
            text + ", " + text + ", " + text + ", 1, 2, 'done', " + text +
            " FROM runs RETURNING run_id");
  }

  const std::string& name() const { return name_; }
  const std::string& db() const { return db_; }
  const TempFolder& folder() const { return folder_; }

 private:
  TempFolder folder_;
  std::string name_;
  std::string db_;
};

void CheckShown(const NamedStudy& study) {
  const std::string& db = study.db();
  Text({"status", "--db", db});
  Text({"runs", "list", "--db", db});
  Text({"runs", "show", "--db", db, "--population=" + study.name()});
  CHECK_THAT(Text({"analyze", "--db", db, "--population=" + study.name()}), Contains("1 model"));
  Text({"analyze", "--db", db, "--population", study.name() + "?"}, 1);  // the message tells it
  Document({"status", "--db", db, "--json"});
  const Json list = Document({"runs", "list", "--db", db, "--json"});
  CHECK(list["runs"].at(0)["populations"] == Json::array({study.name()}));
  CHECK(list["runs"].at(0)["recipe"] == study.name());
  Document({"runs", "show", "--db", db, "--json", "--run", "1"});
  CHECK_THAT(Document({"analyze", "--db", db, "--json", "-"}).dump(),
             Contains(Json(study.name()).dump()));
}

void CheckReport(const NamedStudy& study) {
  const std::string html = study.folder() / "r.html";
  const std::string charts = study.folder() / "charts", tables = study.folder() / "tables";
  Text({"analyze", "--db", study.db(), "--html", html, "--charts", charts, "--csv", tables});
  const std::string page = ReadFile(html);
  CHECK_THAT(page, !Contains("<script>alert") && !Contains("<img src=x") && !Contains("\x1b"));
  CHECK_THAT(page, Contains("default-src 'none'"));
  int documents = 0;
  for (const auto& chart : fs::directory_iterator(charts)) {
    CHECK(Json::accept(ReadFile(chart.path())));
    ++documents;
  }
  CHECK(documents > 0);
  CHECK(fs::exists(tables));
}

void CheckExchange(const NamedStudy& study) {
  const std::string& db = study.db();
  const std::string csv = study.folder() / "out.csv", again = study.folder() / "again.db";
  Text({"export", "--db", db, "--format", "csv", "--out", csv});
  Text({"import", "--db", again, csv});
  const std::string same = " = " + SqlText(study.name());
  CHECK(Query(again, "SELECT count(*) FROM results WHERE population" + same + " AND recipe" + same +
                         " AND dataset" + same + " AND model" + same) == "2");
  CHECK(Query(again, "SELECT value FROM properties WHERE name" + same) == "2.5");
  Text({"export", "--db", db, "--format", "jsonl", "--out", study.folder() / "out.jsonl"});
  std::ifstream lines(study.folder() / "out.jsonl");
  for (std::string line; std::getline(lines, line);) {
    REQUIRE(Json::accept(line));
    CHECK(Json::parse(line)["population"] == study.name());
  }
  const Json sweep = Document({"export", "--db", db, "--format", "sweep-json"});
  CHECK(sweep.size() == 2);
  const std::string configurations = study.folder() / "configurations";
  Text({"export", "--db", db, "--format", "pycls-yaml", "--out", configurations});
  for (const auto& file : fs::directory_iterator(configurations)) {
    CheckPrintable(ReadFile(file.path()));
    CHECK_THAT(ReadFile(file.path()), !Contains("\u2028") && !Contains("\u2029"));
  }
}

}  // namespace

TEST_CASE("hostile names are text in whatever is shown, written and read again", "[cli][hostile]") {
  const TempFolder touched;
  for (const std::string& name : HostileNames(touched)) {
    INFO(Json(name).dump());
    const NamedStudy study(name);
    CheckShown(study);
    CheckReport(study);
    CheckExchange(study);
    CHECK(Query(study.db(), "SELECT count(*) FROM runs") == "2");
    CHECK(Query(study.db(), "PRAGMA integrity_check") == "ok");
    CHECK(Query(study.db(), "SELECT name FROM populations") == name);
    CHECK_FALSE(fs::exists(touched / "executed"));
  }
}

TEST_CASE("populations, files and folders of hostile names are drawn, trained and tested",
          "[cli][hostile]") {
  const TempFolder folder;
  // A path ends names at a slash, so this one has none.
  const std::string name =
      "'; DROP TABLE runs; -- $(touch executed) `touch executed` <script>%s\x1b[31m\n?#";
  const std::string place = folder / "d " + name;
  fs::create_directory(place);
  const std::string db = place + "/" + name + ".db";
  Text({"sample", "--space",   "RegNetX", "-n",           "1",     "--seed",   "1", "--resolution",
        "32",     "--classes", "10",      "--stem",       "cifar", "--stages", "3", "--flops",
        "1M:4M",  "--db",      db,        "--population", name});
  const Words data = {"--data", "synthetic"};
  CHECK_THAT(Text({"train", "--db", db, "--data", "synthetic", "--recipe", "smoke", "--dry-run"}),
             Contains("1 runs wanted"));
  Text({"train", "--db", db, "--data", "synthetic", "--recipe", "smoke", "--device", "cpu",
        "--threads", "1", "--keep-weights", "--set", "train_images=128", "test_images=100"});
  Text({"eval", "--db", db, "--data", "synthetic", "--device", "cpu", "--threads", "1"});
  CHECK(Query(db, "SELECT group_concat(state) FROM runs") == "done");
  Text({"runs", "show", "--db", db, "--population", name});
  Text({"runs", "retry", "--db", db, "--population", name, "--state", "done"});
  Text({"runs", "forget", "--db", db, "--population", name});
  CHECK(Query(db, "SELECT count(*) FROM runs") == "0");
  const std::string model = folder.Write(
      "m.json", R"({"type":"anynet","stem":"cifar","resolution":32,"classes":10,"depths":[1,1],)"
                R"("widths":[16,32],"group_widths":16,"name":)" +
                    Json(name).dump() + "}");
  Text({"inspect", model});
  Text({"add", "--db", db, "--population", "by hand " + name, model});
  CHECK(Query(db, "SELECT name FROM members WHERE name IS NOT NULL") == name);
  Text({"status", "--db", place + "/no such " + name}, 1);
  CHECK(Query(db, "PRAGMA integrity_check") == "ok");
  CHECK_FALSE(fs::exists("executed"));
}

TEST_CASE("bytes that are not UTF-8 are refused with a sentence", "[cli][hostile]") {
  const TempFolder folder;
  CHECK(Dse({"status", "--db", "\xff\xfe"}).code == 2);
  const std::string csv = folder.Write("a.csv", "population,error\r\n\"\xff\xfe\x1b\",30\r\n");
  const ProcessResult result = Dse({"import", "--db", folder / "a.db", csv});
  CHECK(result.code != 0);
  CheckPrintable(result.err);
}

}  // namespace dse::hostile_names_test
