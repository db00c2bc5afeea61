#include "analysis/report/study_report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/report/html_report.h"
#include "analysis/report/report_files.h"
#include "analysis/report/rivalry.h"
#include "core/error.h"
#include "core/rng.h"
#include "tests/analysis/study/study_records.h"

namespace dse::study_report_test {
namespace {

// `n` networks of three stages, repeated twice, with learning curves; errors around `mean`.
SeriesRecord Study(const std::string& name, const std::string& space, int n, double mean) {
  SeriesRecord series = Series(name, {});
  series.space = space;
  RandomStream random(StreamKey(7, name), 0);
  for (int i = 0; i < n; ++i) {
    const int depth = 1 + static_cast<int>(random.Below(4));
    const int width = 8 * static_cast<int>(2 + random.Below(6));
    std::vector<RunRecord> runs;
    for (int repeat = 0; repeat < 2; ++repeat) {
      RunRecord run = DoneRun(mean + random.Uniform(0, 10));
      run.seed = static_cast<uint64_t>(repeat);
      run.epochs.push_back({1, *run.error + 20});
      run.epochs.push_back({2, *run.error});
      runs.push_back(run);
    }
    series.members.push_back(ModelMember(i, runs, {1, depth, 2}, {width, 2 * width, 4 * width}));
  }
  return series;
}

std::vector<SeriesRecord> ThreeSeries() {
  std::vector<SeriesRecord> series = {Study("wide", "X", 30, 30), Study("narrow", "X", 25, 33),
                                      Study("empty", "Y", 0, 0)};
  for (MemberRecord& member : series[1].members) member.complexity.flops *= 4;
  series[0].members[3].runs = {RunIn(RunState::kDiverged)};
  series[0].members[4].runs = {RunIn(RunState::kFailed)};
  return series;
}

std::vector<TimingRecord> Timings(const std::vector<SeriesRecord>& series) {
  std::vector<TimingRecord> timings;
  for (const MemberRecord& member : series[0].members) {
    const double ms = 1 + static_cast<double>(member.complexity.flops) / 1e6;
    timings.push_back({member.hash, false, "cpu", "fp32", 2, 64, ms});
    timings.push_back({member.hash, true, "cpu", "fp32", 2, 32, 3 * ms});
  }
  return timings;
}

Report MakeOne(const std::vector<SeriesRecord>& series, const StudyOptions& options = {}) {
  return MakeReport(AnalyzeStudy(series, options, Timings(series)));
}

std::vector<const Chart*> Charts(const Report& report) {
  std::vector<const Chart*> charts;
  for (const ReportSection& section : report.sections) {
    for (const ReportBlock& block : section.blocks) {
      if (const Chart* chart = std::get_if<Chart>(&block)) charts.push_back(chart);
    }
  }
  return charts;
}

const Chart& FindChart(const Report& report, const std::string& id) {
  for (const Chart* chart : Charts(report)) {
    if (chart->id == id) return *chart;
  }
  FAIL("no chart " << id);
  throw;
}

const DataTable& Table(const Report& report, const std::string& name) {
  for (const DataTable& table : report.tables) {
    if (table.name == name) return table;
  }
  FAIL("no table " << name);
  throw;
}

TEST_CASE("a report has a chart for everything the study knows, each with its numbers",
          "[study_report]") {
  const Report report = MakeOne(ThreeSeries());
  std::set<std::string> ids;
  for (const Chart* chart : Charts(report)) {
    CAPTURE(chart->id);
    CHECK(ids.insert(chart->id).second);
    CHECK_FALSE(chart->title.empty());
    CHECK_FALSE(chart->numbers.rows.empty());
    for (const auto& row : chart->numbers.rows) {
      CHECK(row.size() == chart->numbers.headings.size());
    }
    // What a chart reads is there, and it reads all it declares.
    const Json document = ChartDocument(report, *chart);
    for (const ChartSource& source : chart->sources) {
      CHECK(document["datasets"].contains(source.table));
      CHECK_FALSE(document["datasets"][source.table].empty());
    }
  }
  for (const char* id :
       {"error-distributions", "normalized-by-flops", "normalized-by-params", "random-search",
        "mean-differences", "quantile-differences", "power", "property-depth", "property-e-fit",
        "property-flops", "widths-1", "widths-2", "trends-error", "trends-depth", "regression-1",
        "pareto-1", "learning-curves-1", "learning-curves-2", "seed-noise"}) {
    CAPTURE(id);
    CHECK(ids.contains(id));
  }
}

TEST_CASE("every section is there, with sentences first and methods last", "[study_report]") {
  const Report report = MakeOne(ThreeSeries());
  std::vector<std::string> sections;
  for (const ReportSection& section : report.sections) sections.push_back(section.id);
  CHECK(sections == std::vector<std::string>{"overview", "comparisons", "properties", "structure",
                                             "trends", "complexity", "training", "models",
                                             "methods"});
  REQUIRE(report.findings.size() >= 2);
  CHECK(report.findings[0].find("wide has the lowest mean error") != std::string::npos);
}

std::string Methods(const std::vector<SeriesRecord>& series) {
  const Report report = MakeOne(series);
  std::string text;
  for (const ReportBlock& block : report.sections.back().blocks) {
    text += std::get<Paragraph>(block).text + "\n";
  }
  return text;
}

TEST_CASE("the methods name the series that several engines trained", "[study_report]") {
  std::vector<SeriesRecord> series = ThreeSeries();
  for (MemberRecord& member : series[1].members) member.runs[0].engine = "LibTorch 2.11.0";
  CHECK_THAT(Methods(series), !Catch::Contains("Engines: "));
  series[1].members[2].runs[1].engine = "native 0.1.0";
  CHECK_THAT(Methods(series), Catch::Contains("Engines: ") &&
                                  Catch::Contains("narrow was trained by different engines: "
                                                  "25 runs by LibTorch, 1 run by native.\n"));
}

std::vector<std::string> PairsOf(const StudyAnalysis& study) {
  std::vector<std::string> pairs;
  for (const Rivalry& rivalry : Rivalries(study)) {
    pairs.push_back(rivalry.comparison.a + " " + rivalry.comparison.b);
    CHECK(rivalry.comparison.mean_difference.point <= 0);
  }
  return pairs;
}

TEST_CASE("the best of a flop band is set against the others of that band", "[study_report]") {
  std::vector<SeriesRecord> series = {Study("a", "X", 9, 40), Study("b", "Y", 9, 20),
                                      Study("c", "X", 9, 10), Study("d", "Y", 9, 30)};
  series[0].band = series[1].band = Band{100, 200};
  series[2].band = series[3].band = Band{300, 400};
  using Pairs = std::vector<std::string>;
  CHECK(PairsOf(AnalyzeStudy(series, {})) == Pairs{"b a", "c d"});
  series[1].band = series[2].band = series[3].band = std::nullopt;
  series[2].recipe = "other";
  CHECK(PairsOf(AnalyzeStudy(series, {})) == Pairs{"b d"});
  // No two alike: the best of all against all.
  series[1].band = Band{1, 2};
  CHECK(PairsOf(AnalyzeStudy(series, {})) == Pairs{"c a", "c b", "c d"});
}

TEST_CASE("power is given for pairs that the test tells apart", "[study_report]") {
  const std::vector<SeriesRecord> series = {Study("a", "X", 40, 40), Study("b", "X", 40, 20),
                                            Study("a", "Y", 40, 40)};
  const StudyAnalysis study = AnalyzeStudy(series, {});
  CHECK_FALSE(study.power.at(0).points.empty());
  CHECK(study.power.at(1).points.empty());  // a against a
}

TEST_CASE("what is not drawn is said beside the chart", "[study_report]") {
  const Report report = MakeOne(ThreeSeries());
  for (const char* id : {"error-distributions", "property-depth"}) {
    CHECK(FindChart(report, id).left_out.find("1 model that diverged lies at 100%") !=
          std::string::npos);
  }
}

TEST_CASE("the tables hold the points of the charts", "[study_report]") {
  const std::vector<SeriesRecord> series = ThreeSeries();
  const Report report = MakeOne(series);
  CHECK(Table(report, "models").columns.front().values.size() == 54);  // 30 - 1 failed + 25
  const std::string csv = TableToCsv(Table(report, "models"));
  CHECK(csv.starts_with("series,model,index,error,sd,repeats,widths,depths,depth,w1"));
  CHECK(Table(report, "learning-curves").columns.front().values.size() == 4);
}

TEST_CASE("large series are thinned, and the chart says so", "[study_report]") {
  SeriesRecord series = Series("p", {});
  for (int i = 0; i < 2500; ++i) {
    MemberRecord member = Member(i, {DoneRun(20 + 0.01 * i)});
    member.properties["x"] = i % 7;
    series.members.push_back(member);
  }
  const Report report = MakeReport(AnalyzeStudy(std::span(&series, 1), {}));
  CHECK(Table(report, "models").columns.front().values.size() == 1000);
  const std::vector<DataValue>& errors = Table(report, "models").columns[3].values;
  CHECK(std::get<double>(errors.front()) == 20);
  CHECK(std::get<double>(errors.back()) == 20 + 0.01 * 2499);
  CHECK(FindChart(report, "property-x").left_out.find("1000 of 2500 models of p are drawn") !=
        std::string::npos);
}

TEST_CASE("names from files stay text, also as fields, in every writer", "[study_report]") {
  std::vector<SeriesRecord> series = ThreeSeries();
  series[0].population = "</script><b>\"x\"";
  for (SeriesRecord& one : series) {
    for (size_t i = 0; i < one.members.size(); ++i) {
      one.members[i].properties["a.b[0]"] = static_cast<double>(i % 5);
      one.members[i].properties["series"] = static_cast<double>(i % 3);
      one.members[i].properties["<i>"] = static_cast<double>(i % 2);
      one.members[i].properties["x\\"] = static_cast<double>(i % 4);
    }
  }
  const Report report = MakeOne(series);
  const std::string html = RenderHtml(report);
  CHECK(html.find("</script><b>") == std::string::npos);
  CHECK(html.find("<i>") == std::string::npos);
  CHECK(html.find("a\\\\.b\\\\[0\\\\]") != std::string::npos);
  CHECK(html.find("\"title\":\"x\u2216\"") != std::string::npos);  // a backslash would escape
  CHECK(Table(report, "models").columns[Table(report, "models").columns.size() - 2].name ==
        "property series");
}

TEST_CASE("equal studies give equal bytes, and one error changes what depends on it",
          "[study_report]") {
  std::vector<SeriesRecord> series = ThreeSeries();
  const Report before = MakeOne(series);
  CHECK(RenderHtml(before) == RenderHtml(MakeOne(ThreeSeries())));
  series[1].members[7].runs[0].error = 99;
  const Report after = MakeOne(series);
  CHECK(RenderHtml(before) != RenderHtml(after));
  // The other series keeps its distribution, band and curves to the byte.
  const auto rows_of_first = [](const Report& report, const char* name) {
    const DataTable& table = Table(report, name);
    DataTable own{table.name, table.columns};
    for (DataColumn& column : own.columns) column.values.resize(20);
    return TableToCsv(own);
  };
  for (const char* name : {"distributions", "random-search", "best-widths"}) {
    CAPTURE(name);
    CHECK(rows_of_first(before, name) == rows_of_first(after, name));
  }
}

TEST_CASE("one series has no comparisons, no legend and still a report", "[study_report]") {
  const std::vector<SeriesRecord> series = {Study("only", "X", 12, 30)};
  const Report report = MakeOne(series);
  for (const ReportSection& section : report.sections) CHECK(section.id != "comparisons");
  for (const Chart* chart : Charts(report)) {
    CHECK(chart->spec.dump().find("\"bind\":\"legend\"") == std::string::npos);
  }
  CHECK(RenderHtml(report).size() > 100'000);
}

TEST_CASE("nothing finished is a sentence", "[study_report]") {
  const std::vector<SeriesRecord> series = {Study("empty", "X", 0, 30)};
  CHECK_THROWS_AS(MakeOne(series), Error);
}

TEST_CASE("a front is drawn over the models of its own recipe and dataset", "[study_report]") {
  std::vector<SeriesRecord> series = {Study("a", "X", 9, 40), Study("b", "X", 9, 20)};
  series[1].recipe = "other";
  const Report report = MakeOne(series);
  const Json& all = FindChart(report, "pareto-1").spec["layer"][0];
  CHECK(all["transform"][0]["filter"]["oneOf"] == Json{"a"});
  // Findings keep them apart too.
  CHECK(report.findings.at(0).find("With smoke on synthetic: The mean error of a") == 0);
  CHECK(report.findings.at(1).find("With other on synthetic: The mean error of b") == 0);
}

TEST_CASE("diverged networks are not among the best, and names are never blank", "[study_report]") {
  SeriesRecord series = Study("p", "X", 30, 30);
  for (size_t i = 6; i < 30; ++i) series.members[i].runs = {RunIn(RunState::kDiverged)};
  const Report report = MakeOne({series});
  CHECK(FindChart(report, "widths-1").numbers.rows.size() == 6);
  const SeriesRecord bare = Series("q", {Member(0, {DoneRun(10)}), Member(1, {DoneRun(20)})});
  CHECK(MakeOne({bare}).findings.at(0).find("The best network, model 0 of q") != std::string::npos);
}

TEST_CASE("the pointwise band begins with the limit for none of the models", "[study_report]") {
  const SeriesRecord series = Series("p", {Member(0, {DoneRun(10)})});
  const Report report = MakeOne({series});
  const DataTable& table = Table(report, "distributions");
  CHECK(table.columns[6].name == "pointwise-high");
  CHECK(std::get<double>(table.columns[6].values[0]) == Approx(0.975));  // 1 - 0.025^(1/1)
}

}  // namespace
}  // namespace dse::study_report_test
