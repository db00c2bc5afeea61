#include "core/shell_word.h"

#include <catch2/catch.hpp>
#include <vector>

#include "core/printable.h"
#include "core/subprocess.h"

namespace dse::shell_word_test {
namespace {

// What bash gives to a program for the text, which stands between other words.
std::string ReadByShell(const std::string& text) {
  const std::vector<std::string> words{"bash", "-c", "printf '<%s>' a " + text + " b"};
  const auto result = RunSubprocess(words);
  REQUIRE(result);
  INFO(result->err);
  CHECK(result->code == 0);
  return result->out;
}

TEST_CASE("a word for a shell is read as itself, and is one line that can be shown") {
  for (const std::string word : {"plain",
                                 "/a-b/c_d.e:f,g+h@i",
                                 "",
                                 " ",
                                 "a b",
                                 "it's",
                                 "'",
                                 "''",
                                 "a\"b",
                                 "$(exit 3)",
                                 "`exit 3`",
                                 "${HOME}",
                                 "$HOME",
                                 "; exit 3",
                                 "a|b",
                                 "a&b",
                                 "a&&b",
                                 "(a)",
                                 "{a,b}",
                                 "*",
                                 "?",
                                 "[a]",
                                 "~",
                                 "#",
                                 "!",
                                 "!!",
                                 "a=b",
                                 "%s",
                                 "a\\",
                                 "\\",
                                 "\\n",
                                 "-rf",
                                 "--",
                                 "<script>",
                                 "> x",
                                 "line\nbreak",
                                 "\n",
                                 "a\t\r",
                                 "\x1b[31m7",
                                 "\x7f",
                                 "\xC2\x9B",
                                 "\xff\xfe",
                                 "\u202Ex",
                                 "Gr\u00f6\u00dfe",
                                 "it's\n\\'",
                                 "$'\n'",
                                 "%\x01"
                                 "23"}) {
    CAPTURE(Printable(word));
    const std::string text = ShellWord(word);
    CHECK(ReadByShell(text) == "<a><" + word + "><b>");
    CHECK(Printable(text) == text);
  }
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(ReadByShell(ShellWord(all)) == "<a><" + all + "><b>");
  CHECK(ShellWord(std::string("a\0b", 3)) == "$'a'");
}

TEST_CASE("a word for a shell stays readable") {
  CHECK(ShellWord("/data/a-1.db") == "/data/a-1.db");
  CHECK(ShellWord("a b") == "'a b'");
  CHECK(ShellWord("it's") == "'it'\\''s'");
  CHECK(ShellWord("Gr\u00f6\u00dfe") == "'Gr\u00f6\u00dfe'");
  CHECK(ShellWord("a\n'b") == "$'a\\012\\'b'");
}

TEST_CASE("a value that looks like an option stands in the word of its own option") {
  CHECK(ShellOption("--population", "a") == "--population a");
  CHECK(ShellOption("--population", "a b") == "--population 'a b'");
  CHECK(ShellOption("--population", "-rf") == "--population=-rf");
  CHECK(ShellOption("--population", "--db x") == "--population='--db x'");
}

}  // namespace
}  // namespace dse::shell_word_test
