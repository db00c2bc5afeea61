#include "analysis/report/html_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "analysis/report/assets.h"
#include "analysis/report/html_text.h"
#include "core/error.h"
#include "core/hash.h"
#include "tests/report/sample_report.h"

namespace dse::html_report_test {
namespace {

using Catch::Matchers::Contains;

constexpr char kHostile[] = "</script><img src=x onerror='alert(1)'>\"&\xe2\x80\xa8\x01\xff<!--";

// A report of one of everything, `text` wherever text may stand.
Report SmallReport(const std::string& text) {
  Report report;
  report.title = text;
  report.findings = {text};
  report.tables = {{"points", {{text, {1.5, {}, 2.0}}, {"name", {text, "b", text}}}}};
  Chart chart;
  chart.id = "chart";
  chart.title = chart.caption = chart.left_out = text;
  chart.spec = {{"width", "container"},
                {"data", {{"name", "points"}}},
                {"mark", "point"},
                {"encoding", {{"x", {{"field", text}, {"type", "quantitative"}}}}}};
  chart.sources = {{"points", {text, "name"}}};
  chart.numbers = {text, {text}, {{{text, {}}}}};
  const ReportTable table{text, {text, "n"}, {{{text, {}}, {"1.50", 1.5}}, {{text, {}}, {"", {}}}}};
  const Drawing drawing{"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>", text};
  report.sections = {{"section", text, {Paragraph{text}, table, drawing, chart}}};
  return report;
}

Chart& ChartOf(Report& report) { return std::get<Chart>(report.sections[0].blocks[3]); }

// What stands between `begin` and `end`, for each place.
std::vector<std::string> Between(const std::string& text, const std::string& begin,
                                 const std::string& end) {
  std::vector<std::string> found;
  for (size_t at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
    at += begin.size();
    const size_t stop = text.find(end, at);
    REQUIRE(stop != text.npos);
    found.push_back(text.substr(at, stop - at));
  }
  return found;
}

// The page without what is the same in every report: library, script, style and notices.
std::string OwnPart(std::string html) {
  for (const std::string_view part : {VegaBundle(), ReportScript(), ReportStyle()}) {
    const size_t at = html.find(part);
    REQUIRE(at != html.npos);
    html.erase(at, part.size());
  }
  const std::string notices = HtmlText(ThirdPartyNotices());
  html.erase(html.find(notices), notices.size());
  return html;
}

TEST_CASE("text that tries to break out of HTML or JSON stays text", "[report]") {
  const std::string html = OwnPart(RenderHtml(SmallReport(kHostile)));
  CHECK_THAT(html,
             !Contains("<img") && !Contains("<!--") && !Contains("\x01") && !Contains("\xff"));
  CHECK(IsUtf8(html));
  // Elements by our own hand: theme, data, a chart, the two modules.
  CHECK(Between(html, "<script", ">").size() == 5);
  CHECK(Between(html, "</script", ">").size() == 5);
  CHECK_THAT(html, Contains("<title>&lt;/script&gt;&lt;img src=x onerror=&#39;alert(1)&#39;&gt;"
                            "&quot;&amp;\xe2\x80\xa8\xef\xbf\xbd\xef\xbf\xbd&lt;!--</title>"));
  const auto data = Between(html, "id=\"reportData\">", "</script>");
  REQUIRE(data.size() == 1);
  const std::string name =
      "</script><img src=x onerror='alert(1)'>\"&\xe2\x80\xa8\x01\xef\xbf\xbd<!--";
  const Json json = Json::parse(data[0]);
  CHECK(json["points"][name] == Json::parse("[1.5, null, 2]"));
  CHECK(json["points"]["name"] == Json({{"texts", {name, "b"}}, {"rows", {0, 1, 0}}}));
  CHECK_THAT(data[0], !Contains("\xe2\x80\xa8"));
}

TEST_CASE("the policy allows exactly the scripts and the style of the page", "[report]") {
  const std::string html = RenderHtml(SmallReport("a"));
  const auto policies = Between(html, "Content-Security-Policy\" content=\"", "\">");
  REQUIRE(policies.size() == 1);
  std::string expected = "default-src 'none'; script-src";
  const auto scripts = Between(html, "<script type=\"module\">", "</script>");
  REQUIRE(scripts.size() == 2);
  for (const std::string& script : scripts) expected += " 'sha256-" + Sha256Base64(script) + "'";
  const auto styles = Between(html, "<style>", "</style>");
  REQUIRE(styles.size() == 1);
  expected += "; style-src 'sha256-" + Sha256Base64(styles[0]) + "'";
  CHECK(policies[0] == expected + "; img-src data: blob:; base-uri 'none'; form-action 'none'");
  CHECK_THAT(OwnPart(html), !Contains(" style=") && !Contains(" onclick"));
}

TEST_CASE("every id of a report occurs once, and nothing points at another file", "[report]") {
  const std::string html = OwnPart(RenderHtml(SampleReport()));
  std::set<std::string> ids;
  for (const std::string& id : Between(html, " id=\"", "\"")) {
    INFO(id);
    CHECK(ids.insert(id).second);
  }
  CHECK(ids.size() == 3 + 11 + 2);  // sections, charts, theme and data
  for (const char* attribute : {" href=\"", " src=\""}) {
    for (const std::string& target : Between(html, attribute, "\"")) {
      INFO(target);
      CHECK((target == "data:," || (target[0] == '#' && ids.count(target.substr(1)) == 1)));
    }
  }
  // The names of formats, which nobody opens.
  std::string rest = html;
  for (const char* name : {"http://www.w3.org/2000/svg"}) {
    for (size_t at; (at = rest.find(name)) != rest.npos;) rest.erase(at, std::string(name).size());
  }
  CHECK_THAT(rest, !Contains("http://") && !Contains("https://"));
}

TEST_CASE("equal reports give equal bytes", "[report]") {
  CHECK(RenderHtml(SampleReport()) == RenderHtml(SampleReport()));
}

TEST_CASE("tables carry the values they sort by and long ones are folded", "[report]") {
  Report report = SmallReport("a");
  std::string html = RenderHtml(report);
  CHECK_THAT(html, Contains("<td>a</td><td class=\"n\" data-value=\"1.5\">1.50</td>") &&
                       Contains("<td>a</td><td></td>") &&
                       Contains("<th scope=\"col\" class=\"n\">n"));
  CHECK_THAT(html, !Contains("rows)</summary>"));
  auto& table = std::get<ReportTable>(report.sections[0].blocks[1]);
  table.rows.assign(31, {{"a", {}}, {"1e-30", 1e-30}});
  html = RenderHtml(report);
  CHECK_THAT(html, Contains("<details><summary>a (31 rows)</summary>") &&
                       Contains("data-value=\"1e-30\"") && Contains("class=\"sortable\""));
  table.sortable = false;
  CHECK_THAT(RenderHtml(report), !Contains("<table class=\"sortable\""));
}

TEST_CASE("half charts in a row share a grid, others stand alone", "[report]") {
  Report report = SmallReport("a");
  Chart chart = ChartOf(report);
  std::vector<ReportBlock>& blocks = report.sections[0].blocks;
  blocks.clear();
  for (const char* id : {"one", "two", "three", "four"}) {
    chart.id = id;
    chart.size = chart.id == "three" ? ChartSize::kFull : ChartSize::kHalf;
    blocks.emplace_back(chart);
  }
  const auto grids = Between(RenderHtml(report), "<div class=\"pair\">\n", "</figure>\n</div>\n");
  REQUIRE(grids.size() == 2);
  CHECK(Between(grids[0], "<figure id=\"", "\"") == std::vector<std::string>{"one", "two"});
  CHECK(Between(grids[1], "<figure id=\"", "\"") == std::vector<std::string>{"four"});
}

TEST_CASE("what a report promises is checked before it is written", "[report]") {
  Report report = SmallReport("a");
  Chart& chart = ChartOf(report);
  SECTION("an unknown table") {
    chart.sources[0].table = "lines";
    CHECK_THROWS_WITH(RenderHtml(report), "report: there is no table lines");
  }
  SECTION("an unknown column") {
    chart.sources[0].columns = {"b"};
    CHECK_THROWS_WITH(RenderHtml(report), "report: table points has no column b");
  }
  SECTION("data that are no source") {
    chart.spec["data"]["name"] = "others";
    CHECK_THROWS_WITH(RenderHtml(report), "report: chart chart draws others, which is no source");
  }
  SECTION("data inside a chart or from elsewhere") {
    chart.spec = {{"layer", {{{"data", {{"url", "https://example.org/x.csv"}}}}}}};
    CHECK_THROWS_WITH(RenderHtml(report), "report: chart chart has data without a name");
  }
  SECTION("ids used twice") {
    chart.id = "section";
    CHECK_THROWS_WITH(RenderHtml(report), "report: the chart section is used twice");
  }
  SECTION("ids of another form") {
    chart.id = "A b";
    CHECK_THROWS_WITH(RenderHtml(report), Contains("the chart \"A b\" may have"));
  }
  SECTION("columns of unequal length") {
    report.tables[0].columns[0].values.pop_back();
    CHECK_THROWS_WITH(RenderHtml(report),
                      "report: column name of table points has 3 values, not 2");
  }
  SECTION("numbers that are none") {
    report.tables[0].columns[0].values[0] = std::nan("");
    CHECK_THROWS_WITH(RenderHtml(report), Contains("holds no finite number"));
  }
  SECTION("rows of another length than the headings") {
    chart.numbers.rows[0].push_back({"b", {}});
    CHECK_THROWS_WITH(RenderHtml(report), Contains("has 2 cells under 1 headings"));
  }
}

TEST_CASE("the libraries' licences are in the page", "[report]") {
  const std::string html = RenderHtml(SmallReport("a"));
  for (const char* words :
       {"University of Washington Interactive Data Lab", "Copyright 2010-2023 Mike Bostock",
        "Joachim Wester", "jQuery Foundation", "Paul Vorbach", "Jon Mease"}) {
    CHECK_THAT(html, Contains(words));
  }
}

}  // namespace
}  // namespace dse::html_report_test
