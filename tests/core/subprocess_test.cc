#include "core/subprocess.h"

#include <catch2/catch.hpp>

#include "core/clock.h"

namespace dse::subprocess_test {
namespace {

using Words = std::vector<std::string>;

TEST_CASE("a program gets its words as they are, and what it prints and how it ends comes back",
          "[subprocess]") {
  const Words words{"sh",      "-c",  "printf '%s|' \"$@\"; cat; echo oh >&2; exit 3",
                    "x",       "a b", "$(id)",
                    "'\"`;\n", ""};
  SubprocessOptions options;
  options.input = std::string(200'000, 'i');
  const auto result = RunSubprocess(words, options);
  REQUIRE(result);
  CHECK(result->out == "a b|$(id)|'\"`;\n||" + options.input);
  CHECK(result->err == "oh\n");
  CHECK(result->code == 3);
  CHECK_FALSE(result->killed_late);
}

TEST_CASE("a program that is not there is told from one that fails", "[subprocess]") {
  CHECK_FALSE(RunSubprocess(Words{"no-such-program-of-dse"}));
  CHECK_FALSE(RunSubprocess(Words{"/dev/null/below-a-file"}));
  CHECK_FALSE(RunSubprocess(Words{"/dev/null"}));  // not to be run
  CHECK(RunSubprocess(Words{"false"})->code == 1);
  CHECK(RunSubprocess(Words{"sh", "-c", "kill -9 $$"})->code == 128 + 9);
}

TEST_CASE("a program that does not end in its time is killed with what it started",
          "[subprocess]") {
  SubprocessOptions options;
  options.seconds = 0.5;
  const auto start = Clock::now();
  const auto result =
      RunSubprocess(Words{"sh", "-c", "echo early; sleep 600 & sleep 600"}, options);
  REQUIRE(result);
  CHECK(result->killed_late);
  CHECK(result->out == "early\n");
  CHECK(SecondsSince(start) < 300);  // and not when the sleepers would have ended
  options.seconds = 0.2;
  const auto silent = RunSubprocess(Words{"sh", "-c", "exec >&- 2>&-; sleep 600"}, options);
  CHECK(silent->killed_late);
}

TEST_CASE("variables of a program's environment are set and left out", "[subprocess]") {
  SubprocessOptions options;
  options.environment = {{"DSE_TEST_A", "1 2"}, {"HOME", {}}};
  const auto result =
      RunSubprocess(Words{"sh", "-c", "echo \"$DSE_TEST_A,${HOME-none}\""}, options);
  CHECK(result->out == "1 2,none\n");
}

}  // namespace
}  // namespace dse::subprocess_test
