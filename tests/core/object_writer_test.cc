#include "core/object_writer.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/json.h"
#include "core/rng.h"

namespace dse::object_writer_test {
namespace {

std::string RealText(double value) {
  std::string text;
  ObjectWriter::AppendReal(value, text);
  return text;
}

TEST_CASE("an object has its keys in the order of the calls and nests", "[json]") {
  std::string text = "[";
  ObjectWriter outer(text);
  outer.Text("b", "x");
  ObjectWriter inner(outer.Key("a"));
  inner.Close();
  outer.Int("c", std::numeric_limits<int64_t>::min());
  outer.Real("d", 0.25);
  outer.Int("a \"key\"", 1);
  outer.Close();
  CHECK(text == R"([{"b":"x","a":{},"c":-9223372036854775808,"d":0.25,"a \"key\"":1})");
}

TEST_CASE("numbers are printed as Number and the JSON library print them", "[json]") {
  CHECK(RealText(2) == "2");
  CHECK(RealText(-0.0) == "0");
  CHECK(RealText(5e-5) == "5e-05");
  CHECK(RealText(1e-4) == "0.0001");
  const double limits[] = {9e15 - 1, 9e15, 1e18, 1e300, -9e15, std::nextafter(1.0, 2.0)};
  for (const double value : limits) CHECK(RealText(value) == Number(value).dump());
  RandomStream random(StreamKey(3, "numbers"), 0);
  for (int i = 0; i < 20'000; ++i) {
    const auto any = std::bit_cast<double>(random.NextWord64());
    const double whole = std::floor(random.Uniform(-1e16, 1e16));
    const double tenths = static_cast<double>(random.Below(100'000)) / 10;
    for (const double value : {any, whole, tenths})
      REQUIRE(RealText(value) == Number(value).dump());
  }
}

TEST_CASE("texts are escaped as the JSON library escapes them", "[json]") {
  for (const char* value : {"", "plain ~", "\"", "\\", "a\nb", "\x01", "\x7f", "\u00fc\u4e16"}) {
    std::string text;
    ObjectWriter::AppendText(value, text);
    CHECK(text == Json(value).dump());
  }
}

}  // namespace
}  // namespace dse::object_writer_test
