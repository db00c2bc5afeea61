#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/cli/program.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::analyze_test {
namespace {

namespace fs = std::filesystem;

// Two populations of twenty networks with imported errors.
std::string StudyFile(const TempFolder& folder, const std::string& name = "s.db") {
  std::string csv = "population,error,model,latency\n";
  for (int i = 0; i < 40; ++i) {
    const int depth = 1 + i % 20;
    csv += std::string(i < 20 ? "A" : "B") + "," + std::to_string(30 + depth + i / 20 * 5) +
           R"(,"{""depths"":[)" + std::to_string(depth) + ",2],\"\"widths\"\":[16," +
           std::to_string(32 + 8 * (i % 3)) + R"(]}",)" + std::to_string(i % 7) + "\n";
  }
  const std::string db = folder / name;
  REQUIRE(Dse({"import", "--db", db, folder.Write("r.csv", csv)}).code == 0);
  return db;
}

// Imported runs have no learning curves: gives the first ten of them two epochs.
void AddEpochs(const std::string& db) {
  Query(db, "UPDATE runs SET attempt = 1 WHERE id <= 10 RETURNING id");
  Query(db,
        "INSERT INTO epochs(run_id, attempt, epoch, lr, test_error, seconds)"
        " SELECT r.id, 1, e.value, 0.1, r.error + 10 * (2 - e.value), 1"
        " FROM runs r, json_each('[1,2]') e WHERE r.id <= 10 RETURNING epoch");
}

TEST_CASE("a report, its charts and its points are written as files of their own", "[cli]") {
  const TempFolder folder;
  const std::string db = StudyFile(folder);
  const std::string html = folder / "r.html";
  const ProcessResult result = Dse({"analyze", "--db", db, "--html", html, "--charts",
                                    folder / "charts", "--csv", folder / "csv"});
  INFO(result.err);
  REQUIRE(result.code == 0);
  CHECK_THAT(result.out, Catch::Contains("A against B"));
  const std::string page = ReadFile(html);
  CHECK_THAT(page, Catch::StartsWith("<!DOCTYPE html>") &&
                       Catch::Contains("A has the lowest mean error") &&
                       Catch::Contains("Content-Security-Policy"));
  size_t charts = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder / "charts")) {
    const Json chart = ParseJson(ReadFile(entry.path().string()), entry.path().string());
    CHECK_THAT(chart.at("$schema").get<std::string>(), Catch::Contains("vega-lite/v6"));
    CHECK_FALSE(chart.at("datasets").empty());
    ++charts;
  }
  CHECK(charts > 10);
  CHECK_THAT(ReadFile(folder / "csv/models.csv"),
             Catch::StartsWith("series,model,index,error,") && Catch::Contains(",latency"));
  // Nothing is left of temporary files, and a second time gives the same bytes.
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator{}) == 5);
  REQUIRE(Dse({"analyze", "--db", db, "--html", folder / "again.html"}).code == 0);
  CHECK(ReadFile(folder / "again.html") == page);
}

TEST_CASE("the numbers are the same whatever outputs are asked for", "[cli]") {
  const TempFolder folder;
  const auto json_beside = [&](const Words& more) {
    const std::string db = StudyFile(folder, "beside" + std::to_string(more.size()) + ".db");
    AddEpochs(db);
    Words words = {"analyze", "--db", db, "--json", folder / "beside.json"};
    words.insert(words.end(), more.begin(), more.end());
    const ProcessResult result = Dse(words);
    REQUIRE(result.code == 0);
    return std::pair(ReadFile(folder / "beside.json"), result.out);
  };
  const auto [json, tables] = json_beside({});
  CHECK_THAT(json, Catch::Contains(R"("learning_curves":[{"epoch":1,)"));
  const auto [everything, same_tables] = json_beside(
      {"--html", folder / "r.html", "--charts", folder / "charts", "--csv", folder / "points"});
  CHECK(everything == json);
  CHECK(same_tables == tables);
  CHECK(json_beside({"--refine"}) == std::pair(json, tables));
  CHECK(Dse({"analyze", "--db", folder / "beside0.db"}).out == tables);
  CHECK(Dse({"analyze", "--db", folder / "beside0.db", "--json", "-"}).out == json);
}

TEST_CASE("analyze stores the fits over continuous parameters beside those of the grid", "[cli]") {
  const TempFolder folder;
  const std::string db = StudyFile(folder);
  const std::string grid = "SELECT count(*) FROM fits WHERE grid LIKE 'w0=%'";
  const std::string refined = "SELECT count(*) FROM fits WHERE grid LIKE 'continuous:%'";
  const std::string models = Query(db, "SELECT count(*) FROM models");
  CHECK(Query(db, grid) == models);
  CHECK(Query(db, refined) == "0");
  const std::string json = Dse({"analyze", "--db", db, "--json", "-"}).out;
  CHECK(Query(db, refined) == models);
  // What is stored is what is shown, and the smaller fit.
  CHECK(Dse({"analyze", "--db", db, "--json", "-"}).out == json);
  double shown = 0;
  const Json document = ParseJson(json, "output");
  for (const Json& model : document.at("populations").at(0).at("models")) {
    shown += model.at("properties").at("e_fit").get<double>();
  }
  const std::string sum =
      "SELECT sum(e_fit) FROM fits f JOIN members m USING (model_id) WHERE m.population_id = 1"
      " AND grid LIKE ";
  CHECK(shown == Approx(std::stod(Query(db, sum + "'continuous:%'"))));
  CHECK(shown < std::stod(Query(db, sum + "'w0=%'")));
}

TEST_CASE("a series that several engines trained is marked, the others are not", "[cli]") {
  const TempFolder folder;
  const std::string db = StudyFile(folder);
  const std::string one = Dse({"analyze", "--db", db}).out;
  CHECK_THAT(one, !Catch::Contains("engine"));
  Query(db, "UPDATE runs SET engine = 'LibTorch 2.11.0' WHERE id > 20 RETURNING 1");
  CHECK(Dse({"analyze", "--db", db}).out == one);
  Query(db, "UPDATE runs SET engine = 'native 0.1.0' WHERE id > 35 RETURNING 1");
  const ProcessResult result = Dse({"analyze", "--db", db, "--html", folder / "r.html"});
  const std::string mark = "trained by different engines: 15 runs by LibTorch, 5 runs by native";
  CHECK_THAT(result.out,
             Catch::Contains("B: recipe imported, data imported\n  20 models; " + mark) &&
                 Catch::Contains("A: recipe imported, data imported\n  20 models\n"));
  CHECK_THAT(ReadFile(folder / "r.html"), Catch::Contains("B was " + mark + "."));
  const Json json = ParseJson(Dse({"analyze", "--db", db, "--json", "-"}).out, "out");
  CHECK(json.at("populations").at(0).at("engines").empty());
  CHECK(json.at("populations").at(1).at("engines") ==
        Json{{"LibTorch 2.11.0", 15}, {"native 0.1.0", 5}});
}

TEST_CASE("conditions choose networks, and unknown ones are explained", "[cli]") {
  const TempFolder folder;
  const std::string db = StudyFile(folder);
  const Json json = ParseJson(
      Dse({"analyze", "--db", db, "--where", "depth>=12", "latency!=3", "--json", "-"}).out, "out");
  const Json& a = json.at("populations").at(0);
  CHECK(a.at("n") == 9);  // depths 12 to 22 but for the 2 of 11 with latency 3
  CHECK(a.at("filtered") == 11);
  CHECK(json.at("options").at("where").size() == 2);
  const ProcessResult unknown = Dse({"analyze", "--db", db, "--where", "latensy<3"});
  CHECK(unknown.code == 1);
  CHECK_THAT(unknown.err, Catch::Contains("did you mean 'latency'?"));
  const ProcessResult broken = Dse({"analyze", "--db", db, "--where", "depth"});
  CHECK(broken.code != 0);
  CHECK(std::count(broken.err.begin(), broken.err.end(), '\n') == 1);
}

TEST_CASE("a report that cannot be written, or has nothing to say, is one sentence", "[cli]") {
  const TempFolder folder;
  const std::string db = StudyFile(folder);
  const ProcessResult lost = Dse({"analyze", "--db", db, "--html", folder / "none/r.html"});
  CHECK(lost.code == 1);
  CHECK_THAT(lost.err, Catch::Contains("none/r.html"));
  CHECK(lost.out.empty());
  const ProcessResult file = Dse({"analyze", "--db", db, "--charts", db});
  CHECK(file.code == 1);
  CHECK_THAT(file.err, Catch::Contains(db) && Catch::Contains("folder"));
  const ProcessResult nobody =
      Dse({"analyze", "--db", db, "--where", "error<1", "--html", folder / "r.html"});
  CHECK(nobody.code == 1);
  CHECK_THAT(nobody.err, Catch::Contains("nothing to report"));
  CHECK_FALSE(fs::exists(folder / "r.html"));
}

}  // namespace
}  // namespace dse::analyze_test
