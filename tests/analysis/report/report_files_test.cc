#include "analysis/report/report_files.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "analysis/report/theme.h"
#include "core/error.h"
#include "tests/report/sample_report.h"

namespace dse::report_files_test {
namespace {

TEST_CASE("a table as CSV has one line per row, quoted where RFC 4180 asks for it", "[report]") {
  const DataTable table{"t",
                        {{"plain", {1.0, 0.1, -2.5e-300}},
                         {"a,\"b\"", {"x,y", "say \"no\"\n", ""}},
                         {"gaps", {std::monostate(), "\xc3\xa9 text", std::monostate()}}}};
  CHECK(TableToCsv(table) ==
        "plain,\"a,\"\"b\"\"\",gaps\r\n"
        "1,\"x,y\",\r\n"
        "0.1,\"say \"\"no\"\"\n\",\xc3\xa9 text\r\n"
        "-2.5e-300,\"\",\r\n");
  CHECK(TableToCsv({"empty", {{"a", {}}, {"b", {}}}}) == "a,b\r\n");
}

TEST_CASE("a chart becomes a document of its own with its data and fixed widths", "[report]") {
  Report report;
  report.tables = {
      {"t", {{"x", {1.0, 2.5}}, {"unused", {0.0, 0.0}}, {"s", {"a", std::monostate()}}}},
      {"u", {{"y", {3.0}}}}};
  Chart chart;
  chart.id = "c";
  chart.title = "Title";
  chart.spec = Json::parse(R"({"vconcat": [
      {"width": "container", "data": {"name": "t"}, "mark": "point"},
      {"layer": [{"data": {"name": "u"}, "mark": {"type": "bar", "width": {"band": 0.5}}}], "width": "container"}]})");
  chart.sources = {{"t", {"x", "s"}}, {"u", {"y"}}};
  const Json document = ChartDocument(report, chart);
  CHECK(document["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json");
  CHECK(document["description"] == "Title");
  CHECK(document["background"] == "white");
  CHECK(document["vconcat"][0]["width"] == 460);
  CHECK(document["vconcat"][1]["width"] == 460);
  CHECK(document["vconcat"][1]["layer"][0]["mark"]["width"] == Json({{"band", 0.5}}));
  CHECK(document["datasets"] ==
        Json::parse(R"({"t": [{"x": 1, "s": "a"}, {"x": 2.5, "s": null}], "u": [{"y": 3}]})"));
  CHECK(document["config"]["range"]["category"].size() == 12);
  CHECK(document["config"]["style"]["band"]["fillOpacity"] == 0.16);
  CHECK(ChartDocument(report, chart) == document);

  chart.sources[1].table = "v";
  CHECK_THROWS_WITH(ChartDocument(report, chart), "report: there is no table v");
}

TEST_CASE("a legend has as many columns as its longest label leaves room for", "[report]") {
  Report report;
  report.tables = {{"t", {{"s", {"a", std::string(20, 'b')}}}}};
  Chart chart;
  chart.spec = Json::parse(R"({"data": {"name": "t"}, "encoding": {"color": {"field": "s"}}})");
  chart.sources = {{"t", {"s"}}};
  // 40 px and 7 for each of 20 letters in 460 px.
  CHECK(ChartDocument(report, chart)["config"]["legend"]["columns"] == 2);
  report.tables[0].columns[0].values[1] = std::string(200, 'b');  // labels are cut at 300 px
  CHECK(ChartDocument(report, chart)["config"]["legend"]["columns"] == 1);
}

TEST_CASE("the theme has what charts name, in light and dark", "[report]") {
  const Json theme = LightTheme();
  for (const char* style : {"reference", "band", "front", "muted"})
    CHECK(theme["style"].contains(style));
  CHECK(theme["axis"]["gridColor"] == "#e7e9ed");
  CHECK(theme["axis"]["labelFontSize"] == 12);
}

}  // namespace
}  // namespace dse::report_files_test
