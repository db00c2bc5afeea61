#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "analysis/study/study_json.h"
#include "analysis/study/study_text.h"
#include "tests/analysis/study/study_records.h"

namespace dse::study_output_test {
namespace {

std::vector<SeriesRecord> SmallStudy() {
  return {Series("XA", {ModelMember(0, {DoneRun(52.5), DoneRun(53.5)}, {1, 2}, {16, 32}),
                        ModelMember(1, {DoneRun(47)}, {2, 2}, {16, 64}),
                        ModelMember(2, {RunIn(RunState::kDiverged)}, {1, 1}, {24, 64}),
                        ModelMember(3, {RunIn(RunState::kFailed)}, {1, 1}, {24, 32})}),
          Series("XB", {ModelMember(0, {DoneRun(45)}, {2, 2}, {16, 64}),
                        ModelMember(1, {DoneRun(41.25)}, {3, 2}, {24, 64})}),
          Series("empty", {Member(0, {})})};
}

std::set<std::string> Keys(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json Document(const StudyAnalysis& study) { return ParseJson(StudyToJson(study), "document"); }

TEST_CASE("the document has the keys it promises", "[study_json]") {
  const Json json = Document(AnalyzeStudy(SmallStudy(), {}));
  using Set = std::set<std::string>;
  CHECK(Keys(json) ==
        Set{"options", "populations", "comparisons", "trends", "regressions", "pareto"});
  const Json& population = json["populations"][0];
  CHECK(Keys(population) == Set{"name",       "recipe",         "data",           "space",
                                "n",          "failed",         "failed_repeats", "micro_batched",
                                "precisions", "engines",        "filtered",       "min_error",
                                "mean_error", "median_error",   "mean_interval",  "edf",
                                "edf_bands",  "normalized_edf", "best",           "random_search",
                                "seed_noise", "models_sd",      "models"});
  CHECK(Keys(population["edf"][0]) == Set{"error", "f"});
  CHECK(Keys(population["best"]["depth"]) == Set{"low", "median", "high", "level", "method"});
  CHECK(Keys(population["models"][0]) ==
        Set{"hash", "error", "sd", "repeats", "properties", "index"});
  CHECK(Keys(json["comparisons"][0]) == Set{"a", "b", "ks", "p_value", "p_adjusted", "p_method",
                                            "mean_difference", "quantile_differences", "power",
                                            "models_for_80_percent_power"});
  CHECK(Keys(json["comparisons"][0]["mean_difference"]) == Set{"point", "low", "high"});
}

TEST_CASE("the document holds the numbers of the analysis", "[study_json]") {
  const Json json = Document(AnalyzeStudy(SmallStudy(), {}));
  const Json& population = json["populations"][0];
  CHECK(population["name"] == "XA");
  CHECK(population["recipe"] == "smoke");
  CHECK(population["data"] == "synthetic");
  CHECK(population["n"] == 3);
  CHECK(population["failed"] == Json{{"diverged", 1}, {"failed", 1}});
  CHECK(population["min_error"] == 47);
  CHECK(population["median_error"] == 53);
  CHECK(population["edf"].size() == 3);
  CHECK(population["edf"][2] == Json{{"error", 100}, {"f", 1}});
  CHECK(population["best"]["depth"]["method"] == "exact");
  CHECK(population["best"]["depth"]["level"] == 0.95);
  CHECK(population["models"][0]["properties"]["depth"] == 4);
  CHECK(population["models"][1]["repeats"] == 2);
  CHECK(population["models"][1]["sd"].get<double>() == Approx(0.7071067811865476));
  CHECK(json["comparisons"].size() == 1);
}

TEST_CASE("a series without finished models has nulls and no zeros", "[study_json]") {
  const Json population = Document(AnalyzeStudy(SmallStudy(), {}))["populations"][2];
  CHECK(population["n"] == 0);
  CHECK(population["failed"] == Json{{"pending", 1}});
  for (const char* key : {"min_error", "mean_error", "median_error"}) {
    CHECK(population[key].is_null());
  }
  CHECK(population["edf"] == Json::array());
  CHECK(population["best"] == Json::object());
  CHECK(population["models"] == Json::array());
}

TEST_CASE("the same records give the same bytes and stay as they are", "[study_json]") {
  const std::vector<SeriesRecord> records = SmallStudy();
  StudyOptions options;
  options.method = BandMethod::kMonteCarlo;
  options.seed = 3;
  const StudyAnalysis once = AnalyzeStudy(records, options);
  const StudyAnalysis twice = AnalyzeStudy(SmallStudy(), options);
  CHECK(StudyToJson(once) == StudyToJson(twice));
  CHECK(StudyToText(once) == StudyToText(twice));
  CHECK(records[0].members[0].index == 0);
  CHECK(*records[0].members[0].runs[0].error == 52.5);
}

TEST_CASE("the text of a series names its models, what was left out and its best values",
          "[study_text]") {
  const std::string text = StudyToText(AnalyzeStudy(SmallStudy(), {}));
  CAPTURE(text);
  CHECK(
      Contains(text,
               "XA: recipe smoke, data synthetic, space AnyNetXA\n"
               "  3 models; left out: 1 failed; 1 diverged, counted as 100% error\n"
               "  error in % (last epoch): min 47.00, mean 66.67 [47.00, 100.00], median 53.00\n"));
  CHECK(Contains(text, "#\n"));
  CHECK(Contains(text, "property"));
  CHECK(Contains(text, "depth"));
  CHECK(Contains(text, "b1 = 2"));
  CHECK(Contains(text, "16 64"));
  CHECK(Contains(text,
                 "empty: recipe smoke, data synthetic, space AnyNetXA\n"
                 "  No model of this series has an error (left out: 1 pending).\n"));
  CHECK(Contains(text, "XA against XB: mean error +23.54 ["));
  CHECK(Contains(text, "KS 1.00, p = 0.2 (exact)"));  // 2 of C(5, 2) divisions
}

TEST_CASE("a diverged model that is left out is named so", "[study_text]") {
  StudyOptions options;
  options.exclude_diverged = true;
  options.error = ErrorKind::kBest;
  const std::string text = StudyToText(AnalyzeStudy(SmallStudy(), options));
  CHECK(Contains(text, "  2 models; left out: 1 diverged, 1 failed\n  error in % (best epoch): "));
}

TEST_CASE("several comparisons say that they are adjusted", "[study_text]") {
  const std::vector<SeriesRecord> series = {Series("a", {Member(0, {DoneRun(1)})}),
                                            Series("b", {Member(0, {DoneRun(2)})}),
                                            Series("c", {Member(0, {DoneRun(3)})})};
  const std::string text = StudyToText(AnalyzeStudy(series, {}));
  CHECK(Contains(
      text,
      "KS 1.00, p = 1 (exact, Holm over 3 comparisons): the test does not tell the two apart\n"));
  CHECK(Contains(text, "(no curve: no two models that finished differ in error)"));
}

TEST_CASE("a long list shows the best five and the worst three", "[study_text]") {
  SeriesRecord series = Series("p", {});
  for (int i = 0; i < 20; ++i) series.members.push_back(Member(i, {DoneRun(30.0 + i)}));
  const std::string text = StudyToText(AnalyzeStudy(std::span(&series, 1), {}));
  CHECK(Contains(text, "\n  5       34.00"));
  CHECK_FALSE(Contains(text, "\n  6 "));
  CHECK(Contains(text, "\n  ...\n  18      47.00"));
  CHECK(Contains(text, "\n  20      49.00"));
}

TEST_CASE("lines stay within 100 columns", "[study_text]") {
  SeriesRecord series = Series("p", {});
  for (int i = 0; i < 12; ++i) {
    series.members.push_back(
        ModelMember(i, {DoneRun(30.0 + i), DoneRun(31)}, {1, 2, 3, 4 + i}, {16, 32, 64, 1024}));
  }
  const std::string text = StudyToText(AnalyzeStudy(std::span(&series, 1), {}));
  for (size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    CHECK(end - begin <= 100);
  }
  CHECK(Contains(text, "the same wherever given: w1 = 16, w2 = 32, w3 = 64, w4 = 1024, d1 = 1,"));
}

TEST_CASE("no series, no members and no models are said in words", "[study_text]") {
  CHECK(StudyToText(AnalyzeStudy({}, {})) == "There is no series to analyze.\n");
  const SeriesRecord none = Series("p", {});
  CHECK(Contains(StudyToText(AnalyzeStudy(std::span(&none, 1), {})),
                 "No model of this series has an error: it has no members.\n"));
  const Json nothing = Document(AnalyzeStudy({}, {}));
  for (const char* key : {"populations", "comparisons", "trends", "regressions", "pareto"}) {
    CHECK(nothing[key] == Json::array());
  }
}

}  // namespace
}  // namespace dse::study_output_test
