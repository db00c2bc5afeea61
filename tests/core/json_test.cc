#include "core/json.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace dse::json_test {
namespace {

TEST_CASE("errors in a JSON document name source, line and column", "[json]") {
  CHECK_THROWS_WITH(ParseJson("{\"a\": 1,\n  \"b\" 2}", "f.json"),
                    "f.json:2:7: not valid JSON here");
  CHECK_THROWS_WITH(ParseJson("{\"a\": [1, 2", "f.json"),
                    Catch::Contains("the JSON document ends too early"));
  CHECK_THROWS_WITH(ParseJson("", "f.json"), Catch::Contains("ends too early"));
  CHECK_THROWS_AS(ParseJson("{} {}", "f.json"), Error);
  CHECK_THROWS_AS(ParseJson("{\"a\": NaN}", "f.json"), Error);
}

TEST_CASE("duplicate keys, deep nesting and numbers out of range are refused", "[json]") {
  CHECK_THROWS_WITH(ParseJson(R"({"a":1,"a":2})", "f"), "f: the key 'a' appears twice");
  CHECK_THROWS_WITH(ParseJson(std::string(100, '['), "f"), "f: it is nested too deeply");
  CHECK_THROWS_AS(ParseJson("1e999", "f"), Error);
}

TEST_CASE("a document is read as it was written", "[json]") {
  const Json json = ParseJson(R"({"b":[1,2.5,{"c":null}],"a":"x","d":true})", "f");
  CHECK(json.dump() == R"({"a":"x","b":[1,2.5,{"c":null}],"d":true})");
}

TEST_CASE("whole numbers are written without a fraction", "[json]") {
  CHECK(Number(2).dump() == "2");
  CHECK(Number(0.25).dump() == "0.25");
}

TEST_CASE("a reader refuses keys it was never asked for", "[json]") {
  const Json json = ParseJson(R"({"width":1,"dept":2})", "f");
  ObjectReader reader(json, "f");
  CHECK(reader.Int("width", 0, 5) == 1);
  CHECK(reader.Int("depth", 0, 5, 3) == 3);
  CHECK_THROWS_WITH(reader.Finish(), "f: unknown key 'dept', did you mean 'depth'?");
}

TEST_CASE("a reader's paths go into nested objects", "[json]") {
  const Json json = ParseJson(R"({"a":{"b":{"low":-1}}})", "f");
  ObjectReader outer(json, "f");
  ObjectReader middle(outer.Require("a"), outer.Path("a"));
  ObjectReader inner(middle.Require("b"), middle.Path("b"));
  CHECK_THROWS_WITH(inner.Int("low", 0, 5),
                    "f: a.b.low must be a whole number from 0 to 5, not -1");
  CHECK_THROWS_WITH(inner.Require("high"), "f: a.b: the key 'high' is missing");
}

TEST_CASE("a missing file is named", "[json]") {
  CHECK_THROWS_WITH(ReadFile("/nowhere/x.json"),
                    Catch::StartsWith("/nowhere/x.json: cannot be read"));
}

}  // namespace
}  // namespace dse::json_test
