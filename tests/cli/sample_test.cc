#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/json.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace dse::sample_test {
namespace {

using Words = std::vector<std::string>;

ProcessResult Dse(Words words, const std::string& input = "") {
  words.insert(words.begin(), DSE_PROGRAM);
  return RunProcess(words, input);
}

TEST_CASE("sample prints the same bytes on one and two threads, all in the band, and -n extends",
          "[cli]") {
  const Words common = {"sample",    "--space", "AnyNetXA", "--flops",
                        "360M:400M", "--seed",  "1",        "-q"};
  const auto run = [&](const char* count, const char* threads) {
    Words words = common;
    words.insert(words.end(), {"-n", count, "--threads", threads});
    const ProcessResult result = Dse(words);
    REQUIRE(result.code == 0);
    return result.out;
  };
  const std::string one = run("500", "1");
  CHECK(one == run("500", "2"));
  CHECK(run("700", "2").substr(0, one.size()) == one);
  std::istringstream lines(one);
  int64_t index = 0;
  for (std::string line; std::getline(lines, line); ++index) {
    const Json draw = ParseJson(line, "output");
    CHECK(draw.at("index") == index);
    CHECK(draw.at("flops") >= 360'000'000);
    CHECK(draw.at("flops") <= 400'000'000);
  }
  CHECK(index == 500);
}

TEST_CASE("what sample prints is what inspect counts", "[cli]") {
  const ProcessResult sample =
      Dse({"sample", "--space", "RegNetX", "-n", "20", "--seed", "3", "--resolution", "64", "-q"});
  REQUIRE(sample.code == 0);
  const ProcessResult inspect = Dse({"inspect", "--json", "-"}, sample.out);
  REQUIRE(inspect.code == 0);
  std::istringstream drawn(sample.out);
  std::istringstream counted(inspect.out);
  std::string a;
  std::string b;
  int pairs = 0;
  for (; std::getline(drawn, a) && std::getline(counted, b); ++pairs) {
    const Json draw = ParseJson(a, "sample");
    const Json line = ParseJson(b, "inspect");
    for (const char* key : {"hash", "flops", "params", "acts", "model"}) {
      CHECK(draw.at(key) == line.at(key));
    }
  }
  CHECK(pairs == 20);
}

TEST_CASE("an unknown space and an unknown key in a space are one sentence each", "[cli]") {
  const ProcessResult name = Dse({"sample", "--space", "AnyNetXQ", "-n", "1"});
  CHECK(name.code == 1);
  CHECK_THAT(name.err, Catch::Contains("AnyNetXQ") && Catch::Contains("did you mean 'AnyNetX"));
  const TempFolder folder;
  const std::string file =
      folder.Write("s.json", R"({"name":"S","extends":"AnyNetXA","parameters":{"widht":8}})");
  const ProcessResult key = Dse({"sample", "--space", file, "-n", "1"});
  CHECK(key.code == 1);
  CHECK_THAT(key.err, Catch::Contains(file) && Catch::Contains("unknown key 'widht'") &&
                          Catch::Contains("did you mean 'width'?"));
  CHECK(std::count(key.err.begin(), key.err.end(), '\n') == 1);
}

TEST_CASE("a band that cannot be filled says what was found and keeps nothing", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const Words words = {"sample", "--space",     "AnyNetXA", "--flops", "1:2", "-n",
                       "5",      "--max-tries", "20000",    "--db",    db,    "-q"};
  const ProcessResult result = Dse(words);
  CHECK(result.code == 1);
  CHECK_THAT(result.err,
             Catch::Contains("20000") || Catch::Contains("20,000") || Catch::Contains("20.0K"));
  CHECK(Dse({"status", "--db", db}).code == 1);  // no file was made
}

TEST_CASE("a population is extended by the same arguments and refused with others", "[cli]") {
  const TempFolder folder;
  const std::string db = folder / "s.db";
  const auto sample = [&](const char* count, const char* seed) {
    return Dse({"sample", "--space", "AnyNetXB", "--resolution", "32", "--flops", "5M:50M", "-n",
                count, "--seed", seed, "--db", db});
  };
  REQUIRE(sample("10", "1").code == 0);
  const ProcessResult more = sample("15", "1");
  CHECK(more.code == 0);
  CHECK_THAT(more.err, Catch::Contains("5 members added, 10 there already"));
  const ProcessResult other = sample("15", "2");
  CHECK(other.code == 1);
  CHECK_THAT(other.err, Catch::Contains("seed"));
}

TEST_CASE("space size prints Table 1, or the spaces that are named", "[cli]") {
  const ProcessResult table = Dse({"space", "size"});
  CHECK(table.code == 0);
  CHECK_THAT(table.out, Catch::Contains("(16*128*3*6)^4 ~ 1.8e18") &&
                            Catch::Contains("1846757322198614016") &&
                            Catch::Contains("64^4*6*3 ~ 3.0e8"));
  const ProcessResult named = Dse({"space", "size", "anynetve"});
  CHECK_THAT(named.out, Catch::Contains("45413696640") && !Catch::Contains("AnyNetXA"));
  CHECK(Dse({"space", "size", "AnyNetXQ"}).code == 1);
}

TEST_CASE("space show prints a document that draws the same networks", "[cli]") {
  const ProcessResult shown = Dse({"space", "show", "anynetx-d"});
  REQUIRE(shown.code == 0);
  const TempFolder folder;
  const std::string file = folder.Write("copy.json", shown.out);
  const Words tail = {"-n", "20", "--seed", "9", "-q"};
  Words original = {"sample", "--space", "AnyNetXD"};
  Words copy = {"sample", "--space", file};
  original.insert(original.end(), tail.begin(), tail.end());
  copy.insert(copy.end(), tail.begin(), tail.end());
  CHECK(Dse(original).out == Dse(copy).out);
  CHECK_THAT(Dse({"space", "list"}).out, Catch::StartsWith("AnyNetXA\n"));
}

}  // namespace
}  // namespace dse::sample_test
