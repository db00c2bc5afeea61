#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::add_test {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Words = std::vector<std::string>;

ProcessResult Dse(Words words, const std::string& input = "") {
  words.insert(words.begin(), DSE_PROGRAM);
  return RunProcess(words, input);
}

ProcessResult Add(const std::string& db, const std::string& population, const Words& more,
                  const std::string& input = "") {
  Words words = {"add", "--db", db, "--population", population};
  words.insert(words.end(), more.begin(), more.end());
  return Dse(words, input);
}

// Runs statements; the first column of all rows of the last one, with a space behind each.
std::string Query(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  std::string text;
  const auto take = [](void* out, int, char** values, char**) {
    *static_cast<std::string*>(out) += std::string(values[0] ? values[0] : "NULL") + " ";
    return 0;
  };
  CHECK(sqlite3_exec(db, sql.c_str(), take, &text, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  return text;
}

std::string ModelField(int depth) {
  return R"("{""depths"":[)" + std::to_string(depth) + R"(],""widths"":[16]}")";
}

// Population A with the results of five networks of depth 1 to 5, the first two trained twice:
// means 30, 25, 20, diverged, 25.
std::string ImportedStudy(const TempFolder& folder) {
  std::string db = folder / "s.db";
  std::string text = "population,error,state,lr,best_error,model\n";
  const auto row = [&](const std::string& values, int depth) {
    text += "A," + values + "," + ModelField(depth) + "\n";
  };
  row("20,done,0.1,15", 1);
  row("40,done,0.1,35", 1);
  row("26,done,0.2,12", 2);
  row("24,done,0.2,13", 2);
  row("20,done,0.3,20", 3);
  row(",diverged,0.4,", 4);
  row("25,done,0.5,24", 5);
  REQUIRE(Dse({"import", "--db", db, folder.Write("r.csv", text)}).code == 0);
  return db;
}

TEST_CASE("named models, files and standard input are added in order, once", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string file = folder.Write("v.json", R"({"block":"V","depths":[1],"widths":[8]})");
  const std::string line = R"({"name":"mine","model":{"depths":[3],"widths":[16]}})";
  const ProcessResult first = Add(db, "known", {"resnet-50", file, "-"}, line);
  CHECK(first.code == 0);
  CHECK(first.out == "");
  CHECK(first.err == db + ": population known, 3 members added, 0 there already\n");
  const ProcessResult again = Add(db, "known", {"-", "ResNet_50", file}, line);
  CHECK(again.code == 0);
  CHECK(again.err == db + ": population known, 0 members added, 3 there already\n");
  const ProcessResult more = Add(db, "known", {"resnext-50", "resnet-50", "-q"});
  CHECK(more.code == 0);
  CHECK(more.err == "");
  CHECK(Query(db, "SELECT idx || coalesce(name, '-') FROM members ORDER BY idx") ==
        "0resnet-50 1- 2mine 3resnext-50 ");
  // 4089185256 flops: the authors' figure for ResNet-50.
  CHECK(Query(db, "SELECT flops FROM members JOIN models o ON o.id = model_id WHERE idx = 0") ==
        "4089185256 ");
  CHECK(Query(db, "SELECT count(*) FROM fits") == "4 ");
  CHECK(Query(db, "SELECT origin FROM populations") == "named ");
}

TEST_CASE("resolution and classes of every added model can be set", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const std::string file =
      folder.Write("v.json", R"({"block":"V","depths":[1],"widths":[8],"classes":7})");
  REQUIRE(Add(db, "small", {"regnetx-200mf", file, "--resolution", "32", "--classes", "10"}).code ==
          0);
  CHECK(Query(db, "SELECT resolution || '/' || classes FROM models ORDER BY id") == "32/10 32/10 ");
  // It is the same network as its document with those two members replaced.
  const ProcessResult shown = Dse({"inspect", "--json", "regnetx-200mf"});
  Json model = ParseJson(shown.out, "output").at("model");
  model["resolution"] = 32;
  model["classes"] = 10;
  const ProcessResult again = Add(db, "small", {"-"}, model.dump());
  CHECK_THAT(again.err, Contains("0 members added, 1 there already"));
  // As it is, it is another one.
  CHECK_THAT(Add(db, "small", {"regnetx-200mf"}).err, Contains("1 members added"));
}

TEST_CASE("what sample prints can be added with its overrides", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const ProcessResult sample =
      Dse({"sample", "--space", "RegNetX", "-n", "5", "--resolution", "32", "-q"});
  REQUIRE(Add(db, "copy", {"-"}, sample.out).code == 0);
  CHECK_THAT(Add(db, "copy", {"-"}, sample.out).err, Contains("0 members added, 5 there"));
  const std::string line =
      R"({"model":{"depths":[3],"widths":[16]},"overrides":{"lr":0.25,"weight_decay":0.001}})";
  REQUIRE(Add(db, "lr", {"-"}, line).code == 0);
  CHECK(Query(db, "SELECT lr || '/' || weight_decay FROM members WHERE lr IS NOT NULL") ==
        "0.25/0.001 ");
  const ProcessResult bad =
      Add(db, "lr", {"-"}, R"({"model":{"depths":[3],"widths":[16]},"overrides":{"lt":1}})");
  CHECK(bad.code == 1);
  CHECK_THAT(bad.err, Contains("standard input line 1: overrides: unknown key 'lt'"));
}

TEST_CASE("an unknown model, nothing to add and a drawn population change nothing", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const ProcessResult name = Add(db, "known", {"resnet-50", "resnet-51"});
  CHECK(name.code == 1);
  CHECK_THAT(name.err, Contains("'resnet-51'") && Contains("did you mean 'resnet-50'?"));
  const ProcessResult nothing = Add(db, "known", {"-"}, "\n");
  CHECK(nothing.code == 1);
  CHECK(nothing.err == "dse: standard input: holds no model to add\n");
  CHECK(!std::filesystem::exists(db));

  const Words sample = {"sample", "--space", "AnyNetXA", "-n", "2", "--db", db, "-q"};
  REQUIRE(Dse(sample).code == 0);
  const ProcessResult mixed = Add(db, "AnyNetXA", {"resnet-50"});
  CHECK(mixed.code == 1);
  CHECK(mixed.err == "dse: " + db +
                         ": population 'AnyNetXA' was drawn from space 'AnyNetXA', not named by "
                         "hand; the two cannot be mixed, so choose another name\n");
  REQUIRE(Add(db, "mine", {"resnet-50", "-q"}).code == 0);
  Words into = sample;
  into.insert(into.end(), {"--population", "mine"});
  const ProcessResult drawn = Dse(into);
  CHECK(drawn.code == 1);
  CHECK_THAT(drawn.err, Contains("'mine' was named by hand, not drawn from space 'AnyNetXA'"));
  CHECK(Query(db, "SELECT count(*) FROM members") == "3 ");
}

TEST_CASE("the best of a population are listed and added with their learning rates", "[cli]") {
  const TempFolder folder;
  const std::string db = ImportedStudy(folder);
  const ProcessResult best = Add(db, "top", {"--best", "3", "--from", "A"});
  CHECK(best.code == 0);
  CHECK(best.err == db + ": population top, 3 members added, 0 there already\n");
  // Means 20, then 25 twice: the smaller index first.
  CHECK(Query(db,
              "SELECT m.idx || ':' || m.lr || ':' || o.depth FROM members m"
              " JOIN models o ON o.id = m.model_id JOIN populations p ON p.id = population_id"
              " WHERE p.name = 'top' ORDER BY m.idx") == "0:0.3:3 1:0.2:2 2:0.5:5 ");
  const std::string hash = Query(db, "SELECT hash FROM models WHERE depth = 2");
  CHECK(std::count(best.out.begin(), best.out.end(), '\n') == 4);
  CHECK_THAT(best.out, Contains("rank  error %") &&
                           Contains("2       25.00  " + hash.substr(0, 16) + "      1        2\n"));
  CHECK(Query(db, "SELECT count(*) FROM fits") == "5 ");

  const ProcessResult again = Add(db, "top", {"--best", "3", "--from", "A", "-q"});
  CHECK(again.code == 0);
  CHECK(again.out == best.out);
  CHECK(again.err == "");
  CHECK(Query(db, "SELECT count(*) FROM members") == "8 ");
}

TEST_CASE("--error best ranks by the lowest error over epochs", "[cli]") {
  const TempFolder folder;
  const std::string db = ImportedStudy(folder);
  // Means 25, 12.5, 20, none, 24.
  REQUIRE(Add(db, "top", {"--best", "3", "--from", "A", "--error", "best"}).code == 0);
  CHECK(Query(db,
              "SELECT o.depth FROM members m JOIN models o ON o.id = m.model_id"
              " JOIN populations p ON p.id = population_id WHERE p.name = 'top'"
              " ORDER BY m.idx") == "2 3 5 ");
}

TEST_CASE("too few members with an error are counted and nothing is made", "[cli]") {
  const TempFolder folder;
  const std::string db = ImportedStudy(folder);
  const ProcessResult few = Add(db, "top", {"--best", "5", "--from", "A"});
  CHECK(few.code == 1);
  CHECK(few.out == "");
  CHECK_THAT(few.err, EndsWith("4 of the 5 asked for\n"));
  CHECK(Query(db, "SELECT name FROM populations") == "A ");
  REQUIRE(Add(db, "top", {"--best", "4", "--from", "A"}).code == 0);
}

TEST_CASE("of several recipes and datasets the one meant must be named", "[cli]") {
  const TempFolder folder;
  const std::string db = ImportedStudy(folder);
  // The same runs under a second recipe, errors the other way round.
  Query(db,
        "INSERT INTO recipes VALUES (7, '0123456789abcdef', 'longer', '{}');"
        "INSERT INTO datasets(id, fingerprint, uri, classes, train_images, test_images) VALUES (7, "
        "'0123456789abcdef', 'synthetic', 10, 1, 1);"
        "INSERT INTO series SELECT 7, population_id, 7, 7 FROM series;"
        "INSERT INTO runs(id, key, model_id, recipe_id, dataset_id, seed, state, error)"
        " SELECT id + 100, 'x' || substr(key, 2), model_id, 7, 7, seed, state, 100 - error FROM "
        "runs;"
        "INSERT INTO series_runs SELECT 7, member_id, run_id + 100 FROM series_runs");
  const ProcessResult several = Add(db, "top", {"--best", "1", "--from", "A"});
  CHECK(several.code == 1);
  CHECK(several.err ==
        "dse: " + db +
            ": population 'A' has results of several recipes or datasets, say which with --recipe "
            "or --data: recipe 'imported' on 'imported', recipe 'longer' on 'synthetic'\n");
  const ProcessResult longer = Add(db, "top", {"--best", "1", "--from", "A", "--recipe", "longer"});
  CHECK_THAT(longer.out, Contains("1       70.00"));
  const ProcessResult synthetic =
      Add(db, "top", {"--best", "1", "--from", "A", "--data", "synthetic"});
  CHECK(synthetic.out == longer.out);
  const ProcessResult imported =
      Add(db, "top", {"--best", "1", "--from", "A", "--recipe", "imported"});
  CHECK_THAT(imported.out, Contains("1       20.00"));
  const ProcessResult neither =
      Add(db, "top", {"--best", "1", "--from", "A", "--recipe", "imported", "--data", "synthetic"});
  CHECK(neither.code == 1);
  CHECK_THAT(neither.err, Contains("no finished runs of that recipe and dataset"));
  const ProcessResult slip = Add(db, "top", {"--best", "1", "--from", "A", "--recipe", "longr"});
  CHECK(slip.code == 1);
  CHECK_THAT(slip.err, Contains("did you mean 'longer'?"));
}

TEST_CASE("unknown populations and files of --best suggest the nearest", "[cli]") {
  const TempFolder folder;
  const std::string db = ImportedStudy(folder);
  Query(db, "UPDATE populations SET name = 'first'");
  const ProcessResult name = Add(db, "top", {"--best", "1", "--from", "fisrt"});
  CHECK(name.code == 1);
  CHECK(name.err == "dse: " + db + ": no population 'fisrt', did you mean 'first'?\n");
  const ProcessResult file = Add(folder / "t.db", "top", {"--best", "1", "--from", "first"});
  CHECK(file.code == 1);
  CHECK_THAT(file.err, Contains("no such file, did you mean 's.db'?"));
  CHECK(!std::filesystem::exists(folder / "t.db"));
}

TEST_CASE("options of add that do not go together are usage errors", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const Words wrong[] = {{},
                         {"--best", "2"},
                         {"--from", "A"},
                         {"resnet-50", "--from", "A"},
                         {"resnet-50", "--error", "last"},
                         {"resnet-50", "--recipe", "cifar"},
                         {"resnet-50", "--data", "synthetic"},
                         {"resnet-50", "--best", "2", "--from", "A"},
                         {"--best", "2", "--from", "A", "--classes", "10"},
                         {"--best", "2", "--from", "A", "--resolution", "32"},
                         {"--best", "0", "--from", "A"},
                         {"resnet-50", "--classes", "0"},
                         {"resnet-50", "--clases", "10"}};
  for (const Words& words : wrong) {
    const ProcessResult result = Add(db, "p", words);
    INFO(result.err);
    CHECK(result.code == 2);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  }
  CHECK(Dse({"add", "--db", db, "resnet-50"}).code == 2);
  CHECK(Dse({"add", "--population", "p", "resnet-50"}).code == 2);
  CHECK(!std::filesystem::exists(db));
}

}  // namespace
}  // namespace dse::add_test
