#include "analysis/report/network_drawing.h"

#include <catch2/catch.hpp>

#include "core/error.h"

namespace dse::network_drawing_test {
namespace {

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

NetworkSketch Sketch() { return {"name", "widths 16 32", {16, 32, 32}, {1, 2}, {}}; }

TEST_CASE("a network is drawn as a bar for each block, as high as it is wide", "[drawing]") {
  const std::string svg = DrawNetwork(Sketch(), 32);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>"));
  CHECK(Count(svg, "<rect") == 3);
  // 102 units for width 32, from 44 to 146.
  CHECK(Count(svg, "y=\"95\" width=\"12.04\" height=\"51\"") == 1);
  CHECK(Count(svg, "y=\"44\" width=\"12.04\" height=\"102\"") == 2);
  CHECK(Count(svg, "<path") == 0);
  CHECK(svg.find("style") == std::string::npos);
  CHECK(DrawNetwork(Sketch(), 32) == svg);
}

TEST_CASE("a fit is a dashed line over the bars, and deep networks have thin bars", "[drawing]") {
  NetworkSketch sketch = Sketch();
  sketch.fit = Fit{16, 16, 2, 0};
  const std::string svg = DrawNetwork(sketch, 32);
  CHECK(Count(svg, "stroke-dasharray") == 1);
  // u = 16, 32, 48: levels 0, 1, 2 (1.58 rounds up) make widths 16, 32, 64, cut at the top.
  CHECK(Count(svg, "d=\"M0 95H14L14 44H28L28 44H42\"") == 1);
  NetworkSketch deep{"", "", std::vector<int>(100, 8), {100}, {}};
  CHECK(Count(DrawNetwork(deep, 8), "width=\"2.58\"") == 100);
}

TEST_CASE("texts of files are escaped in drawings", "[drawing]") {
  NetworkSketch sketch = Sketch();
  sketch.title = "<script>\"&'";
  const std::string svg = DrawNetwork(sketch, 32);
  CHECK(svg.find("<script>") == std::string::npos);
  CHECK(Count(svg, "&lt;script&gt;&quot;&amp;&#39;") == 1);
}

TEST_CASE("a drawing without blocks, or with wider ones than its frame, is refused", "[drawing]") {
  CHECK_THROWS_AS(DrawNetwork({"", "", {}, {}, {}}, 8), Error);
  CHECK_THROWS_AS(DrawNetwork(Sketch(), 31), Error);
  CHECK_THROWS_AS(DrawNetworks({}), Error);
}

TEST_CASE("several networks make one document with a panel each", "[drawing]") {
  const std::string svg = DrawNetworks({Sketch(), Sketch()});
  CHECK(Count(svg, "<g transform") == 2);
  CHECK(Count(svg, "<svg") == 1);
}

}  // namespace
}  // namespace dse::network_drawing_test
