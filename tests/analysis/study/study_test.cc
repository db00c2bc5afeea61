#include "analysis/study/study.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "analysis/study/study_format.h"
#include "core/error.h"
#include "tests/analysis/study/study_records.h"

namespace dse::study_test {
namespace {

SeriesAnalysis AnalyzeOne(const SeriesRecord& series, const StudyOptions& options = {}) {
  return AnalyzeStudy(std::span(&series, 1), options).series.at(0);
}

using Counts = std::map<std::string, int64_t>;

TEST_CASE("models are sorted by error, then index, and summed up", "[study]") {
  const SeriesAnalysis analysis =
      AnalyzeOne(Series("p", {Member(0, {DoneRun(50)}), Member(1, {DoneRun(40)}),
                              Member(2, {DoneRun(61)}), Member(3, {DoneRun(40)})}));
  REQUIRE(analysis.models.size() == 4);
  CHECK(analysis.models[0].index == 1);
  CHECK(analysis.models[1].index == 3);
  CHECK(analysis.models[2].index == 0);
  CHECK(analysis.models[3].index == 2);
  CHECK(analysis.min_error == 40);
  CHECK(analysis.mean_error == 47.75);
  CHECK(analysis.median_error == 45);
  CHECK(analysis.edf.points == std::vector<EdfPoint>{{40, 0.5}, {50, 0.75}, {61, 1}});
  CHECK(analysis.failed.empty());
}

TEST_CASE("a member's error is the mean of its done repeats", "[study]") {
  const SeriesRecord series =
      Series("p", {Member(0, {DoneRun(40, 38), DoneRun(44, 40), DoneRun(42, 33)})});
  const StudyModel last = AnalyzeOne(series).models.at(0);
  CHECK(last.error == 42);
  CHECK(last.sd == 2);
  CHECK(last.repeats == 3);
  StudyOptions options;
  options.error = ErrorKind::kBest;
  const StudyModel best = AnalyzeOne(series, options).models.at(0);
  CHECK(best.error == 37);
  CHECK(best.sd.value() == Approx(std::sqrt(13.0)));
}

TEST_CASE("done repeats decide, whatever became of the others", "[study]") {
  const SeriesAnalysis analysis = AnalyzeOne(
      Series("p", {Member(0, {RunIn(RunState::kDiverged), DoneRun(40), RunIn(RunState::kFailed)}),
                   Member(1, {DoneRun(30), RunIn(RunState::kPending)})}));
  CHECK(analysis.failed.empty());
  CHECK(analysis.failed_repeats == Counts{{"diverged", 1}, {"failed", 1}});
  REQUIRE(analysis.models.size() == 2);
  CHECK(analysis.models[1].error == 40);
  CHECK(analysis.models[1].repeats == 1);
  CHECK(!analysis.models[1].sd);
  CHECK_FALSE(analysis.models[1].diverged);
}

TEST_CASE("a diverged member counts as 100% or is left out, and is counted in both", "[study]") {
  const SeriesRecord series =
      Series("p", {Member(0, {RunIn(RunState::kDiverged), RunIn(RunState::kFailed)}),
                   Member(1, {DoneRun(30)})});
  const SeriesAnalysis counted = AnalyzeOne(series);
  REQUIRE(counted.models.size() == 2);
  CHECK(counted.models[1].error == 100);
  CHECK(counted.models[1].diverged);
  CHECK(counted.models[1].repeats == 1);
  CHECK(counted.mean_error == 65);
  CHECK(counted.failed == Counts{{"diverged", 1}});

  StudyOptions options;
  options.exclude_diverged = true;
  const SeriesAnalysis excluded = AnalyzeOne(series, options);
  CHECK(excluded.models.size() == 1);
  CHECK(excluded.mean_error == 30);
  CHECK(excluded.failed == Counts{{"diverged", 1}});
}

TEST_CASE("members without an error are left out and counted by state", "[study]") {
  const SeriesAnalysis analysis = AnalyzeOne(
      Series("p", {Member(0, {DoneRun(30)}), Member(1, {}), Member(2, {RunIn(RunState::kPending)}),
                   Member(3, {RunIn(RunState::kRunning), RunIn(RunState::kPending)}),
                   Member(4, {RunIn(RunState::kFailed)}), Member(5, {RunIn(RunState::kCancelled)}),
                   Member(6, {RunIn(RunState::kOutOfMemory), RunIn(RunState::kFailed)})}));
  CHECK(analysis.models.size() == 1);
  CHECK(analysis.failed ==
        Counts{
            {"pending", 2}, {"running", 1}, {"failed", 1}, {"cancelled", 1}, {"out_of_memory", 1}});
}

TEST_CASE("done runs without the error asked for are counted, not mixed with the others",
          "[study]") {
  RunRecord last_only = DoneRun(30);
  last_only.best_error.reset();
  const SeriesRecord series =
      Series("p", {Member(0, {last_only}), Member(1, {last_only, DoneRun(50, 48)})});
  StudyOptions options;
  options.error = ErrorKind::kBest;
  const SeriesAnalysis analysis = AnalyzeOne(series, options);
  CHECK(analysis.failed == Counts{{"without_error", 1}});
  REQUIRE(analysis.models.size() == 1);
  CHECK(analysis.models[0].error == 48);
  CHECK(analysis.models[0].repeats == 1);
}

TEST_CASE("a series without finished models has no statistics", "[study]") {
  const SeriesAnalysis analysis = AnalyzeOne(Series("p", {Member(0, {}), Member(1, {})}));
  CHECK(analysis.models.empty());
  CHECK(analysis.failed == Counts{{"pending", 2}});
  CHECK(analysis.edf.points.empty());
  CHECK(analysis.properties.empty());
  CHECK(AnalyzeOne(Series("q", {})).failed.empty());
}

TEST_CASE("an error that is no number is refused", "[study]") {
  const SeriesRecord series =
      Series("p", {Member(0, {DoneRun(std::numeric_limits<double>::quiet_NaN())})});
  CHECK_THROWS_AS(AnalyzeOne(series), Error);
}

TEST_CASE("models trained in smaller batches are counted", "[study]") {
  RunRecord small = DoneRun(30);
  small.micro_batched = true;
  const SeriesAnalysis analysis =
      AnalyzeOne(Series("p", {Member(0, {small, DoneRun(31)}), Member(1, {DoneRun(32)})}));
  CHECK(analysis.micro_batched == 1);
}

TEST_CASE("a series trained in several precisions says so", "[study]") {
  RunRecord fast = DoneRun(30), full = DoneRun(31);
  fast.precision = "bf16";
  full.precision = "fp32";
  const auto analyze = [&](const RunRecord& other) {
    return AnalyzeOne(Series("p", {Member(0, {fast, other}), Member(1, {DoneRun(32)})}));
  };
  const SeriesAnalysis mixed = analyze(full);
  CHECK(mixed.precisions == Counts{{"bf16", 1}, {"fp32", 1}});
  CHECK_THAT(LeftOutText(mixed),
             Catch::Contains("trained in different precisions: 1 run in bf16, 1 run in fp32"));
  const SeriesAnalysis alike = analyze(fast);
  CHECK(alike.precisions == Counts{{"bf16", 2}});
  CHECK(LeftOutText(alike).empty());
}

TEST_CASE("a series trained by several engines, or versions of one, says so", "[study]") {
  const auto analyze = [&](const std::vector<std::string>& engines) {
    std::vector<MemberRecord> members = {Member(0, {DoneRun(30)})};  // of an unknown engine
    for (const std::string& engine : engines) {
      RunRecord run = DoneRun(31);
      run.engine = engine;
      members.push_back(Member(static_cast<int64_t>(members.size()), {run}));
    }
    return AnalyzeOne(Series("p", members));
  };
  const SeriesAnalysis both = analyze({"LibTorch 2.11.0", "native 0.1.0", "LibTorch 2.11.0"});
  CHECK(both.engines == Counts{{"LibTorch 2.11.0", 2}, {"native 0.1.0", 1}});
  CHECK(LeftOutText(both) == "trained by different engines: 2 runs by LibTorch, 1 run by native");
  const std::string mixed = "LibTorch 2.11.0 + native 0.1.0";
  CHECK(LeftOutText(analyze({mixed, mixed})) == "trained by different engines: 2 runs by " + mixed);
  CHECK(LeftOutText(analyze({mixed, "native 0.1.0"})) ==
        "trained by different engines: 1 run by " + mixed + ", 1 run by native");
  CHECK(LeftOutText(analyze({"native 0.1.0 + native 0.2.0", "native 0.1.0 + native 0.2.0"})) ==
        "trained by different versions of native: 2 runs by 0.1.0 + 0.2.0");
  CHECK(LeftOutText(analyze({"LibTorch 2.11.0", "LibTorch 2.9.0"})) ==
        "trained by different versions of LibTorch: 1 run by 2.11.0, 1 run by 2.9.0");
  CHECK(LeftOutText(analyze({"native 1", "LibTorch 1", "native 2"})) ==
        "trained by different engines: 1 run by LibTorch, 2 runs by native; "
        "trained by different versions of native: 1 run by 1, 1 run by 2");
  CHECK(LeftOutText(analyze({"native 1", "native 1"})).empty());
  CHECK(LeftOutText(analyze({"native", "native 1"})) ==
        "trained by different versions of native: 1 run by 1, 1 run by one unknown");
}

TEST_CASE("engines are counted of runs that finished, among the models shown", "[study]") {
  const auto by = [](RunRecord run, const char* engine) {
    run.engine = engine;
    return run;
  };
  RunRecord diverged, failed;
  diverged.state = RunState::kDiverged;
  failed.state = RunState::kFailed;
  const SeriesRecord series = Series("p", {Member(0, {by(DoneRun(30), "a 1"), by(failed, "b 1")}),
                                           Member(1, {by(diverged, "c 1")})});
  CHECK(AnalyzeOne(series).engines == Counts{{"a 1", 1}, {"c 1", 1}});
  StudyOptions without;
  without.exclude_diverged = true;
  CHECK(AnalyzeOne(series, without).engines == Counts{{"a 1", 1}});
}

// Eight members, errors 1..8, with an imported column.
SeriesRecord EightMembers() {
  const std::vector<double> values = {5, 1, 4, 2, 8, 7, 6, 3};
  SeriesRecord series = Series("p", {});
  for (size_t i = 0; i < values.size(); ++i) {
    MemberRecord member = Member(static_cast<int64_t>(i), {DoneRun(static_cast<double>(i + 1))});
    member.properties["x"] = values[i];
    series.members.push_back(member);
  }
  return series;
}

TEST_CASE("best-value bands are those of the closed form", "[study]") {
  // worked by hand in best_value_test.cc
  const SeriesAnalysis analysis = AnalyzeOne(EightMembers());
  CHECK(analysis.Find("x")->best == BestValueBand{1, 4, 8, 0.95, BandMethod::kExact});
  CHECK(analysis.properties.size() == 1);
  CHECK(analysis.Find("y") == nullptr);
}

TEST_CASE("a band is over the models that have the property", "[study]") {
  SeriesRecord series = EightMembers();
  series.members[0].properties["y"] = 3;
  series.members[7].properties["y"] = 9;
  const SeriesAnalysis analysis = AnalyzeOne(series);
  // two pairs, one drawn: 3 and 9 with a half each
  CHECK(analysis.Find("y")->best == BestValueBand{3, 3, 9, 0.95, BandMethod::kExact});
  CHECK(analysis.Find("x")->best == BestValueBand{1, 4, 8, 0.95, BandMethod::kExact});
}

TEST_CASE("the Monte-Carlo finds the same bands here and says what it is", "[study]") {
  StudyOptions options;
  options.method = BandMethod::kMonteCarlo;
  options.seed = 5;
  // cumulative weights 34/64 at 4 and 23/64 below are far from a half
  CHECK(AnalyzeOne(EightMembers(), options).Find("x")->best ==
        BestValueBand{1, 4, 8, 0.95, BandMethod::kMonteCarlo});
}

TEST_CASE("models with stages have their properties in the bands", "[study]") {
  const SeriesAnalysis analysis =
      AnalyzeOne(Series("p", {ModelMember(0, {DoneRun(50)}, {1, 2}, {16, 32}),
                              ModelMember(1, {DoneRun(40)}, {2, 2}, {16, 64})}));
  for (const char* name : {"depth", "w1", "w2", "d1", "d2", "b1", "b2", "g1", "g2", "w0", "wa",
                           "wm", "e_fit", "flops", "params", "acts", "lr", "wd", "lr_wd"}) {
    CAPTURE(name);
    CHECK(analysis.Find(name) != nullptr);
  }
  CHECK(analysis.properties.size() == 19);
  CHECK(analysis.Find("w2")->values == std::vector<double>{64, 32});  // by error
  CHECK(analysis.Find("w2")->smallest == 32);
  CHECK(analysis.Find("w2")->largest == 64);
}

SeriesRecord ErrorsSeries(const std::string& name, const std::vector<double>& errors) {
  SeriesRecord series = Series(name, {});
  for (double error : errors) {
    series.members.push_back(Member(static_cast<int64_t>(series.members.size()), {DoneRun(error)}));
  }
  return series;
}

TEST_CASE("every pair of series with models is compared, first minus second", "[study]") {
  const std::vector<SeriesRecord> series = {ErrorsSeries("a", {1, 2, 3}), ErrorsSeries("none", {}),
                                            ErrorsSeries("b", {4, 5, 6}),
                                            ErrorsSeries("c", {1, 2, 3})};
  const StudyAnalysis study = AnalyzeStudy(series, {});
  REQUIRE(study.comparisons.size() == 3);
  const Comparison& first = study.comparisons[0];
  CHECK(first.a == "a");
  CHECK(first.b == "b");
  CHECK(first.ks == 1);
  CHECK(first.p_value == Approx(0.1));     // 2 of 20 divisions
  CHECK(first.p_adjusted == Approx(0.3));  // smallest of three
  CHECK(first.mean_difference.point == -3);
  CHECK(first.mean_difference.high < 0);
  CHECK(study.comparisons[1].a == "a");
  CHECK(study.comparisons[1].b == "c");
  CHECK(study.comparisons[1].p_value == 1);
  CHECK(study.comparisons[2].a == "b");
  CHECK(study.comparisons[2].b == "c");
  CHECK(study.comparisons[2].mean_difference.point == 3);
}

TEST_CASE("an interval stays the same whatever else is compared", "[study]") {
  const SeriesRecord a = ErrorsSeries("a", {1, 2, 3, 9});
  const SeriesRecord b = ErrorsSeries("b", {4, 5, 6});
  const SeriesRecord c = ErrorsSeries("c", {7, 8});
  const StudyAnalysis two = AnalyzeStudy(std::vector<SeriesRecord>{a, b}, {});
  const StudyAnalysis three = AnalyzeStudy(std::vector<SeriesRecord>{c, a, b}, {});
  CHECK(two.comparisons.at(0).mean_difference == three.comparisons.at(2).mean_difference);
}

TEST_CASE("series of one population are told apart by recipe and dataset", "[study]") {
  std::vector<SeriesRecord> series = {ErrorsSeries("p", {1, 2}), ErrorsSeries("p", {3, 4}),
                                      ErrorsSeries("q", {5})};
  series[1].recipe = "cifar";
  const StudyAnalysis study = AnalyzeStudy(series, {});
  CHECK(study.comparisons.at(0).a == "p (smoke, synthetic)");
  CHECK(study.comparisons.at(0).b == "p (cifar, synthetic)");
  CHECK(study.comparisons.at(2).b == "q");
}

// Members 0 to 3 with depths 1 to 4 and errors 40, 30, 20 and none.
SeriesRecord FourDepths() {
  SeriesRecord series = Series("p", {});
  for (int i = 0; i < 4; ++i) {
    const RunRecord run = i < 3 ? DoneRun(40 - 10 * i) : RunIn(RunState::kFailed);
    series.members.push_back(ModelMember(i, {run}, {1 + i}, {16}));
  }
  return series;
}

TEST_CASE("conditions leave members out and count them apart from failures", "[study]") {
  StudyOptions options;
  options.conditions = ParseConditions("depth>=2");
  const SeriesAnalysis deep = AnalyzeOne(FourDepths(), options);
  CHECK(deep.models.size() == 2);
  CHECK(deep.filtered == 1);
  CHECK(deep.failed == Counts{{"failed", 1}});
  options.conditions = ParseConditions("depth<2");
  const SeriesAnalysis flat = AnalyzeOne(FourDepths(), options);
  CHECK(flat.models.size() == 1);
  CHECK(flat.failed.empty());  // the failed member has depth 4
  CHECK(flat.filtered == 3);
}

TEST_CASE("a condition on the error leaves members without one where they are", "[study]") {
  StudyOptions options;
  options.conditions = ParseConditions("error<=30, depth<4");
  const SeriesAnalysis analysis = AnalyzeOne(FourDepths(), options);
  CHECK(analysis.models.size() == 2);
  CHECK(analysis.filtered == 2);  // error 40, and depth 4 of the one that failed
  options.conditions = ParseConditions("error<=30");
  CHECK(AnalyzeOne(FourDepths(), options).failed == Counts{{"failed", 1}});
}

TEST_CASE("a condition on what no member has is an error with the nearest name", "[study]") {
  StudyOptions options;
  options.conditions = ParseConditions("dept>=2");
  CHECK_THROWS_WITH(AnalyzeOne(FourDepths(), options),
                    "condition 'dept>=2': no network has a property 'dept', did you mean 'depth'?");
}

TEST_CASE("seed noise counts the models with repeats", "[study]") {
  const SeriesAnalysis analysis = AnalyzeOne(
      Series("p", {Member(0, {DoneRun(40), DoneRun(42)}), Member(1, {DoneRun(50), DoneRun(54)}),
                   Member(2, {DoneRun(60)}), Member(3, {RunIn(RunState::kDiverged)})}));
  REQUIRE(analysis.seed_noise);
  CHECK(analysis.seed_noise->models == 2);
  CHECK(analysis.seed_noise->runs == 4);
  // Sums of squares 2 and 8 on one degree of freedom each.
  CHECK(analysis.seed_noise->within_sd.point == Approx(std::sqrt(5.0)));
  CHECK_FALSE(AnalyzeOne(FourDepths()).seed_noise);
}

TEST_CASE("distributions at equal flops are taken over the range of all series", "[study]") {
  // Flops of the imported members: series a at 10 and 20, series b at 10, 11 and 110: ten bins of
  // 10 from 10 to 110. b has two models in the first bin, which share the weight of one.
  const auto with_flops = [](int64_t index, double error, double flops) {
    MemberRecord member = Member(index, {DoneRun(error)});
    member.properties["flops"] = flops;
    return member;
  };
  const std::vector<SeriesRecord> series = {
      Series("a", {with_flops(0, 30, 10), with_flops(1, 20, 20)}),
      Series("b", {with_flops(0, 30, 10), with_flops(1, 40, 11), with_flops(2, 50, 110)})};
  const StudyAnalysis study = AnalyzeStudy(series, {});
  REQUIRE(study.series[0].normalized.size() == 1);
  CHECK(study.series[0].normalized[0].low == 10);
  CHECK(study.series[0].normalized[0].high == 110);
  CHECK(study.series[0].normalized[0].edf.points == std::vector<EdfPoint>{{20, 0.5}, {30, 1}});
  CHECK(study.series[1].normalized[0].edf.points ==
        std::vector<EdfPoint>{{30, 0.25}, {40, 0.5}, {50, 1}});
}

}  // namespace
}  // namespace dse::study_test
