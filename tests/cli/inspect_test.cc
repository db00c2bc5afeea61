#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/json.h"
#include "core/named_models.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::inspect_test {
namespace {

std::vector<Json> Lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(ParseJson(line, "output"));
  return lines;
}

TEST_CASE("inspect prints the authors' figures for every named model", "[cli]") {
  std::vector<std::string> words = {DSE_PROGRAM, "inspect", "--json"};
  words.insert(words.end(), ModelNames().begin(), ModelNames().end());
  const ProcessResult result = RunProcess(words);
  REQUIRE(result.code == 0);
  std::map<std::string, std::string> printed;
  for (const Json& line : Lines(result.out)) {
    std::string row;
    for (const char* key : {"flops", "params", "acts"}) row += "," + line.at(key).dump();
    printed[line.at("name")] = line.at("model").at("resolution").dump() + row;
  }
  std::ifstream golden(DSE_TEST_DATA "/golden-complexity.csv");
  std::string row;
  std::getline(golden, row);
  int rows = 0;
  for (; std::getline(golden, row); ++rows) {
    const size_t comma = row.find(',');
    CHECK(printed.at(row.substr(0, comma)) == row.substr(comma + 1));
  }
  CHECK(rows == 36);
}

TEST_CASE("inspect reads names, files, JSON Lines and standard input in order", "[cli]") {
  const TempFolder folder;
  const std::string one = folder.Write("one.json", R"({"block":"V","depths":[1],"widths":[8]})");
  const std::string two = folder.Write(
      "two.jsonl", "{\"depths\":[1],\"widths\":[16]}\n{\"depths\":[2],\"widths\":[16]}\n");
  const ProcessResult result =
      RunProcess({DSE_PROGRAM, "inspect", "--json", one, "regnetx-200mf", two, "-"},
                 "{\"model\":{\"depths\":[3],\"widths\":[16]}}\n");
  REQUIRE(result.code == 0);
  const std::vector<Json> lines = Lines(result.out);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].at("model").at("block") == "V");
  CHECK(lines[1].at("name") == "regnetx-200mf");
  CHECK(lines[2].at("model").at("depths") == Json({1}));
  CHECK(lines[3].at("model").at("depths") == Json({2}));
  CHECK(lines[4].at("model").at("depths") == Json({3}));
}

TEST_CASE("inspect's table shows the same figures", "[cli]") {
  const ProcessResult result = RunProcess({DSE_PROGRAM, "inspect", "regnetx-400mf"});
  REQUIRE(result.code == 0);
  CHECK_THAT(result.out, Catch::Contains("397678568"));
  CHECK_THAT(result.out, Catch::Contains("12 x 384 /2, b 1, g 16"));
  // Measured for the resolved widths: w0 32, wa 24, wm 2.30.
  CHECK_THAT(result.out, Catch::Contains("w0 32, wa 24, wm 2.3, e_fit 0.0716"));
}

TEST_CASE("inspect --refine shows the fit over continuous parameters", "[cli]") {
  // Drawn with w0 24, wa 36.44, wm 2.49, so some parameters fit exactly; the grid's best does not.
  const std::vector<std::string> words = {DSE_PROGRAM, "inspect", "regnetx-200mf"};
  std::vector<std::string> refine = words;
  refine.push_back("--refine");
  const ProcessResult grid = RunProcess(words);
  const ProcessResult refined = RunProcess(refine);
  REQUIRE(refined.code == 0);
  CHECK_THAT(grid.out, Catch::Contains("w0 24, wa 40, wm 2.5, e_fit 0.0219\n"));
  CHECK_THAT(refined.out, Catch::Contains("w0 24, wa 39, wm 2.49, e_fit 0.0000\n"));
  refine.push_back("--json");
  const Json line = Lines(RunProcess(refine).out).at(0);
  CHECK(line.at("fit") == Json({{"w0", 24}, {"wa", 39}, {"wm", 2.49}, {"e_fit", 0}}));
  CHECK_THAT(RunProcess({DSE_PROGRAM, "inspect", "--help"}).out, Catch::Contains("--refine"));
}

TEST_CASE("inspect --svg draws the networks in one picture", "[cli]") {
  const TempFolder folder;
  const std::string file = folder / "n.svg";
  REQUIRE(RunProcess({DSE_PROGRAM, "inspect", "resnet-50", "regnetx-400mf", "--svg", file}).code ==
          0);
  const std::string svg = ReadFile(file);
  CHECK_THAT(svg, Catch::StartsWith("<svg ") && Catch::Contains("resnet-50, 4.0") &&
                      Catch::Contains("regnetx-400mf, 398M flops"));
  size_t bars = 0;
  for (size_t at = svg.find("fill-opacity"); at != std::string::npos;
       at = svg.find("fill-opacity", at + 1)) {
    ++bars;
  }
  CHECK(bars == 16 + 22);  // blocks
  CHECK(RunProcess({DSE_PROGRAM, "inspect", "resnet-50", "--svg", folder / "none/n.svg"}).code ==
        1);
}

TEST_CASE("a broken model document is one sentence with its place", "[cli]") {
  const TempFolder folder;
  const std::string bad = folder.Write("bad.json", R"({"depth":[1],"widths":[8]})");
  const ProcessResult key = RunProcess({DSE_PROGRAM, "inspect", bad});
  CHECK(key.code == 1);
  CHECK(key.err == "dse: " + bad + ": the key 'depths' is missing\n");
  const ProcessResult line = RunProcess({DSE_PROGRAM, "inspect", "-"}, "\n{\"depths\":[1],");
  CHECK(line.code == 1);
  CHECK_THAT(line.err, Catch::StartsWith("dse: standard input line 2:1:"));
  const ProcessResult name = RunProcess({DSE_PROGRAM, "inspect", "regnetx-400"});
  CHECK(name.code == 1);
  CHECK_THAT(name.err, Catch::Contains("did you mean 'regnetx-400mf'?"));
}

}  // namespace
}  // namespace dse::inspect_test
