#include "cli/options.h"

#include <catch2/catch.hpp>

#include "tests/support/process.h"

namespace dse::options_test {
namespace {

struct Fields {
  int64_t count = 0;
  std::optional<Band> band;
  std::vector<std::string> names;
  bool flag = false;
  std::string word = "last";
};

void Parse(std::vector<std::string> args, Fields& fields) {
  OptionParser parser("test", "about");
  parser.Int("count,n", "N", &fields.count, 1, 100, "");
  parser.FlopBand("flops", &fields.band, "");
  parser.List("name", "NAME", &fields.names, "");
  parser.Flag("flag", &fields.flag, "");
  parser.OneOf("error", {"last", "best"}, &fields.word, "");
  parser.Require("count");
  parser.Parse(args);
}

TEST_CASE("options fill their fields and leave the others alone", "[cli]") {
  Fields fields;
  Parse({"-n", "5", "--flops", "1M:2M", "--name", "a", "b", "--name", "c", "--flag"}, fields);
  CHECK(fields.count == 5);
  CHECK(fields.band == Band{1'000'000, 2'000'000});
  CHECK(fields.names == std::vector<std::string>{"a", "b", "c"});
  CHECK(fields.flag);
  CHECK(fields.word == "last");
}

TEST_CASE("what cannot be understood is a usage error with a sentence", "[cli]") {
  struct Row {
    std::vector<std::string> args;
    const char* message;
  };
  const Row rows[] = {
      {{"--cuont", "5"}, "unknown option '--cuont', did you mean '--count'?"},
      {{"-n", "five"}, "--count must be a whole number from 1 to 100, not 'five'"},
      {{"-n", "0"}, "--count must be a whole number from 1 to 100, not '0'"},
      {{"-n", "1", "-n", "2"}, "--count is given twice"},
      {{"-n", "1", "--flops", "5"}, "--flops: '5' is not a band; write LO:HI such as 360M:400M"},
      {{"-n", "1", "--error", "bset"},
       "--error is 'bset', which is none of last, best, did you mean 'best'?"},
      {{}, "--count is missing"},
  };
  for (const Row& row : rows) {
    Fields fields;
    CHECK_THROWS_WITH(Parse(row.args, fields), row.message);
  }
  Fields fields;
  CHECK_THROWS_AS(Parse({"-n", "1", "word"}, fields), UsageError);
}

TEST_CASE("exit codes are 0 for help, 2 for usage and 1 for failures", "[cli]") {
  CHECK(RunProcess({DSE_PROGRAM, "--help"}).code == 0);
  CHECK(RunProcess({DSE_PROGRAM, "--version"}).code == 0);
  CHECK(RunProcess({DSE_PROGRAM}).code == 2);
  for (const char* command :
       {"sample", "train", "analyze", "status", "inspect", "space", "import"}) {
    const ProcessResult help = RunProcess({DSE_PROGRAM, command, "--help"});
    CHECK(help.code == 0);
    CHECK_THAT(help.out, Catch::StartsWith(std::string("Usage: dse ") + command));
    CHECK(RunProcess({DSE_PROGRAM, command, "--no-such-option"}).code == 2);
  }
  const ProcessResult unknown = RunProcess({DSE_PROGRAM, "sampel"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, Catch::Contains("unknown command 'sampel', did you mean 'sample'?"));
  CHECK(RunProcess({DSE_PROGRAM, "status", "--db", "/nowhere/x.db"}).code == 1);
}

}  // namespace
}  // namespace dse::options_test
