#include "analysis/study/study_trends.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "analysis/study/study.h"
#include "tests/analysis/study/study_records.h"

namespace dse::study_trends_test {
namespace {

// A member known by numbers, with acts = 2 sqrt(flops) and params = 5 + 3 flops.
MemberRecord Sized(int64_t index, double error, double flops) {
  MemberRecord member = Member(index, {DoneRun(error)});
  member.hash = "hash " + std::to_string(static_cast<int64_t>(flops));
  member.properties = {{"flops", flops}, {"acts", 2 * std::sqrt(flops)}, {"params", 5 + 3 * flops}};
  return member;
}

// Eight members around `flops`, best first.
SeriesRecord Band(const std::string& population, const std::string& space, double flops) {
  SeriesRecord series = Series(population, {});
  series.space = space;
  for (int i = 0; i < 8; ++i) series.members.push_back(Sized(i, 20.0 + i, flops + i));
  return series;
}

const ComplexityTrend& Find(const StudyTrends& trends, const std::string& y,
                            const std::string& x = "flops") {
  for (const ComplexityTrend& trend : trends.regressions) {
    if (trend.y == y && trend.x == x) return trend;
  }
  FAIL("no regression of " << y);
  throw;
}

TEST_CASE("series of one space, recipe and dataset are a group, by their flops", "[trends]") {
  std::vector<SeriesRecord> series = {Band("b", "X", 400), Band("a", "X", 100), Band("n", "", 50),
                                      Band("c", "X", 200)};
  series[3].recipe = "other";
  const StudyTrends trends = AnalyzeStudy(series, {}).trends;
  REQUIRE(trends.groups.size() == 3);
  CHECK(trends.groups[0].label == "X (smoke, synthetic)");
  CHECK(trends.groups[0].series == std::vector<size_t>{1, 0});
  CHECK(trends.groups[0].flops == std::vector<double>{103.5, 403.5});
  CHECK(trends.groups[1].label == "n");
  CHECK(trends.groups[2].label == "X (other, synthetic)");
}

TEST_CASE("acts and params are regressed over the best quarter", "[trends]") {
  const std::vector<SeriesRecord> series = {Band("a", "X", 100), Band("b", "X", 400)};
  const StudyTrends trends = AnalyzeStudy(series, {}).trends;
  const ComplexityTrend& acts = Find(trends, "acts");
  CHECK(acts.points.size() == 4);  // two of eight, twice
  REQUIRE(acts.fit);
  CHECK(acts.fit->coefficients.at(0).point == Approx(2));
  CHECK(acts.fit->r_squared == Approx(1));
  const ComplexityTrend& params = Find(trends, "params");
  REQUIRE(params.fit);
  CHECK(params.fit->coefficients.at(0).point == Approx(5));
  CHECK(params.fit->coefficients.at(1).point == Approx(3));
}

TEST_CASE("times are regressed over all that were measured, per image and device", "[trends]") {
  const std::vector<SeriesRecord> series = {Band("a", "X", 100), Band("b", "X", 400)};
  std::vector<TimingRecord> timings;
  for (const SeriesRecord& record : series) {
    for (const MemberRecord& member : record.members) {
      const double f = member.properties.at("flops");
      const double ms = 0.5 * f + 3 * std::sqrt(f);
      timings.push_back({member.hash, false, "GPU", "bf16", 0, 64, 64 * ms});
      timings.push_back({member.hash, false, "GPU", "bf16", 0, 32, 999});  // a smaller batch
    }
  }
  timings.push_back({"stranger", false, "cpu", "fp32", 2, 64, 1});
  const StudyTrends trends = AnalyzeStudy(series, {}, timings).trends;
  REQUIRE(trends.devices.size() == 2);
  CHECK(trends.devices[0].device == "GPU, bf16");
  CHECK(trends.devices[1].device == "cpu, 2 threads, fp32");
  const ComplexityTrend& time = Find(trends, "inference");
  CHECK(time.device == "GPU, bf16, batch 64");
  CHECK(time.points.size() == 16);
  REQUIRE(time.fit);
  CHECK(time.fit->coefficients.at(0).point == Approx(0.5));
  CHECK(time.fit->coefficients.at(1).point == Approx(3));
}

TEST_CASE("Pareto lists pool the series trained alike and leave diverged models out", "[trends]") {
  std::vector<SeriesRecord> series = {Band("a", "X", 100), Band("b", "Y", 50)};
  series[1].members = {Sized(0, 40, 50), Sized(1, 10, 300), Sized(2, 60, 10)};
  series[1].members[2].runs = {RunIn(RunState::kDiverged)};
  const StudyTrends trends = AnalyzeStudy(series, {}).trends;
  const ParetoList& list = trends.pareto.at(0);
  CHECK(list.cost == "flops");
  CHECK(list.models == 10);
  REQUIRE(list.front.size() == 3);
  CHECK(list.front[0].cost == 50);   // 40%
  CHECK(list.front[1].cost == 100);  // 20%, the best of a
  CHECK(list.front[1].series == 0);
  CHECK(list.front[2].cost == 300);  // 10%
}

TEST_CASE("without flops there are no groups and no lists", "[trends]") {
  const SeriesRecord series = Series("p", {Member(0, {DoneRun(1)}), Member(1, {DoneRun(2)})});
  const StudyTrends trends = AnalyzeStudy(std::span(&series, 1), {}).trends;
  CHECK(trends.groups.empty());
  CHECK(trends.regressions.empty());
  CHECK(trends.pareto.empty());
}

TEST_CASE("times of another batch than most networks' are not compared", "[trends]") {
  const std::vector<SeriesRecord> series = {Band("a", "X", 100)};
  std::vector<TimingRecord> timings;
  for (size_t i = 0; i < 8; ++i) {
    const int batch = i < 3 ? 256 : 64;
    timings.push_back({series[0].members[i].hash, false, "GPU", "bf16", 0, batch, 1.0 + batch});
  }
  const StudyTrends trends = AnalyzeStudy(series, {}, timings).trends;
  CHECK(trends.devices.at(0).inference_batch == 64);
  CHECK(trends.devices.at(0).training_batch == 0);
  const ParetoList& list = trends.pareto.at(3);
  CHECK(list.cost == "inference");
  CHECK(list.device == "GPU, bf16, batch 64");
  CHECK(list.models == 5);
  // The table still shows what there is.
  CHECK(trends.devices[0].networks.at(series[0].members[0].hash).inference->batch_size == 256);
}

TEST_CASE("sizes that no network has are left out of trends and lists", "[trends]") {
  std::vector<SeriesRecord> series = {Band("a", "X", 100)};
  series[0].members[0].properties["flops"] = -1;
  series[0].members[1].properties["flops"] = 0;
  const StudyTrends trends = AnalyzeStudy(series, {}).trends;
  CHECK(trends.pareto.at(0).models == 6);
}

TEST_CASE("one flop band is no trend", "[trends]") {
  const std::vector<SeriesRecord> near = {Band("a", "X", 100), Band("b", "X", 120)};
  CHECK_FALSE(AcrossBands(AnalyzeStudy(near, {}).trends.groups.at(0)));
  const std::vector<SeriesRecord> far = {Band("a", "X", 100), Band("b", "X", 200)};
  CHECK(AcrossBands(AnalyzeStudy(far, {}).trends.groups.at(0)));
}

}  // namespace
}  // namespace dse::study_trends_test
