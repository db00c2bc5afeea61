#include "tests/cli/hostile.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dse {

using Catch::Matchers::Contains;

std::vector<std::string> HostileNames(const TempFolder& folder) {
  const std::string touch = "touch " + (folder / "executed");
  return {
      "'; DROP TABLE runs; --\" OR 1=1",
      "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;",
      "$(" + touch + ") `" + touch + "` ; " + touch + " | " + touch + " & ' " + touch + " #",
      "line\nbreak\r\ttab,comma\"quote",
      "\x1b[31mred\x1b]0;title\x07 \xC2\x9B"
      "1m \u202Eback",
      "__proto__",
      "paragraph\u2028TRAIN: {EVIL: 1}\u2029\xC2\x85next",
      "-rf --help",
      std::string(3000, 'x'),
      "=cmd|' /C calc'!A0",
      "%s%n%x {} {0}",
  };
}

std::vector<std::string> HostileFileNames() {
  return {
      "'; DROP TABLE runs; --\" $(touch executed) `touch executed` | touch executed & touch "
      "executed # %s%n%x {} {0} %A %j ${HOME} ~ * ? !! <img src=x onerror=alert(1)>",
      "line\n$(touch executed)\ntouch executed\n#SBATCH --wrap=x\r\tend",
      "\x1b[31mred\x1b]0;title\x07 \xC2\x9B"
      "1m \u202E \\ back\\slash\\",
      "-rf --help",
      std::string(200, 'x'),
  };
}

std::string CsvField(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

std::string SqlText(const std::string& text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}

void CheckPrintable(const std::string& text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if ((byte >= 0x20 || byte == '\n') && byte != 0x7F && !c1) continue;
    FAIL("a control byte at " << i << " of: " << text);
  }
  CHECK_THAT(text, !Contains("\u202E"));
  CHECK(IsUtf8(text));
}

std::string Text(const Words& words, int code) {
  const ProcessResult result = Dse(words);
  INFO(words.front() << ": " << result.err);
  CHECK(result.code == code);
  CheckPrintable(result.out);
  CheckPrintable(result.err);
  return result.out;
}

Json Document(const Words& words) {
  const ProcessResult result = Dse(words);
  INFO(words.front() << ": " << result.err);
  REQUIRE(result.code == 0);
  CheckPrintable(result.err);
  REQUIRE(Json::accept(result.out));
  return Json::parse(result.out);
}

}  // namespace dse
