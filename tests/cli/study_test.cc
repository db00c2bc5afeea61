#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/support/process.h"
#include "tests/support/skipped.h"
#include "tests/support/temp_folder.h"

namespace dse::study_test {
namespace {

using Words = std::vector<std::string>;

ProcessResult Dse(Words words) {
  words.insert(words.begin(), DSE_PROGRAM);
  return RunProcess(words);
}

// Ten networks with errors a+1 .. a+10 in population `name`.
std::string Rows(const std::string& name, int a) {
  std::string rows;
  for (int i = 1; i <= 10; ++i) {
    rows += name + "," + std::to_string(a + i) + R"(,"{""depths"":[)" + std::to_string(i) +
            R"(],""widths"":[16]}")" + "\n";
  }
  return rows;
}

TEST_CASE("imported results are analysed with the shape of the documented JSON", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string csv =
      folder.Write("r.csv", "population,error,model\n" + Rows("A", 20) + Rows("B", 30));
  REQUIRE(Dse({"import", "--db", db, csv}).code == 0);
  const ProcessResult again = Dse({"import", "--db", db, csv});
  CHECK_THAT(again.err, Catch::Contains("0 new runs, 20 rows known already"));

  const ProcessResult result = Dse({"analyze", "--db", db, "--json", "-"});
  REQUIRE(result.code == 0);
  const Json json = ParseJson(result.out, "output");
  const Json& a = json.at("populations").at(0);
  CHECK(a.at("name") == "A");
  CHECK(a.at("n") == 10);
  CHECK(a.at("min_error") == 21);
  CHECK(a.at("mean_error") == 25.5);
  CHECK(a.at("edf").size() == 10);
  CHECK(a.at("edf").at(4).at("error") == 25);
  CHECK(a.at("edf").at(4).at("f") == 0.5);
  CHECK(a.at("best").at("depth").at("median") <= 3);
  CHECK(a.at("models").at(0).at("properties").contains("e_fit"));
  const Json& comparison = json.at("comparisons").at(0);
  CHECK(comparison.at("a") == "A");
  CHECK(comparison.at("ks") == 1);
  // Two samples of ten without overlap: p = 2 / (20 choose 10).
  CHECK(comparison.at("p_value").get<double>() == Approx(2.0 / 184756));
  CHECK(comparison.at("mean_difference").at("point") == -10);
  CHECK(Dse({"analyze", "--db", db, "--json", "-"}).out == result.out);
}

TEST_CASE("analyze prints tables and says so when there is nothing", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string csv = folder.Write("r.csv", "population,error,model\n" + Rows("A", 20));
  REQUIRE(Dse({"import", "--db", db, csv}).code == 0);
  const ProcessResult result = Dse({"analyze", "--db", db});
  CHECK(result.code == 0);
  CHECK_THAT(result.out, Catch::Contains("A") && Catch::Contains("25.5"));

  const std::string empty = folder / "empty.db";
  REQUIRE(Dse({"sample", "--space", "AnyNetXA", "-n", "2", "--db", empty, "-q"}).code == 0);
  const ProcessResult nothing = Dse({"analyze", "--db", empty});
  CHECK(nothing.code == 1);
  CHECK_THAT(nothing.err, Catch::Contains("nothing to analyze yet"));
}

TEST_CASE("a bad row of an import is named and nothing is imported", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string csv = folder.Write("r.csv", "population,error,memory\nA,20,5\nA,high,6\n");
  const ProcessResult result = Dse({"import", "--db", db, csv});
  CHECK(result.code == 1);
  CHECK_THAT(result.err, Catch::Contains(csv + ":3"));
  CHECK(!std::filesystem::exists(db));
}

TEST_CASE("a database of another program, a text file and a missing one are refused", "[cli]") {
  const TempFolder folder;
  const std::string other = folder / "other.db";
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(other.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "CREATE TABLE t(x)", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  const std::string text = folder.Write("text.db", std::string(5000, 'x'));
  for (const std::string& path : {other, text, folder / "missing.db"}) {
    for (const Words& command :
         {Words{"status"}, Words{"analyze"}, Words{"train", "--data", "synthetic"}}) {
      Words words = command;
      words.insert(words.end(), {"--db", path});
      const ProcessResult result = Dse(words);
      INFO(result.err);
      CHECK(result.code == 1);
      CHECK_THAT(result.err, Catch::StartsWith("dse: " + path));
      CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    }
  }
  CHECK(!std::filesystem::exists(folder / "missing.db"));
  const ProcessResult sample =
      Dse({"sample", "--space", "AnyNetXA", "-n", "2", "--db", other, "-q"});
  CHECK(sample.code == 1);
}

TEST_CASE("a read-only database can be read and not written", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string csv = folder.Write("r.csv", "population,error,model\n" + Rows("A", 20));
  REQUIRE(Dse({"import", "--db", db, csv}).code == 0);
  std::filesystem::permissions(db, std::filesystem::perms::owner_read);
  std::filesystem::permissions(
      folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  Words as_user;  // permissions do not bind root
  if (geteuid() == 0) {
    as_user = {"setpriv", "--reuid=65534", "--clear-groups"};
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
    std::filesystem::permissions(db, std::filesystem::perms(0444));
  }
  const auto run = [&](Words words) {
    words.insert(words.begin(), DSE_PROGRAM);
    words.insert(words.begin(), as_user.begin(), as_user.end());
    return RunProcess(words);
  };
  const ProcessResult probe = run({"status", "--db", db});
  if (probe.code == 126 || probe.code == 127) {
    Skipped("the program cannot be run as another user here");
  } else {
    CHECK(probe.code == 0);
    CHECK(run({"analyze", "--db", db}).code == 0);
    const ProcessResult train = run({"train", "--db", db, "--data", "synthetic"});
    CHECK(train.code == 1);
    CHECK_THAT(train.err, Catch::Contains(db) && Catch::Contains("read-only"));
    CHECK(std::count(train.err.begin(), train.err.end(), '\n') == 1);
  }
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
}

}  // namespace
}  // namespace dse::study_test
