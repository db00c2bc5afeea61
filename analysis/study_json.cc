#include "analysis/study.h"
#include "core/json.h"

namespace dse {
namespace {

Json BandToJson(const BestValueBand& band) {
  return {{"low", Number(band.low)},
          {"median", Number(band.median)},
          {"high", Number(band.high)},
          {"level", Number(band.level)},
          {"method", TextOf(band.method, kBandMethodWords)}};
}

Json ModelToJson(const StudyModel& model) {
  Json properties = Json::object();
  for (const auto& [name, value] : model.properties) properties[name] = Number(value);
  return {{"hash", model.hash},
          {"error", Number(model.error)},
          {"sd", model.sd ? Number(*model.sd) : Json()},
          {"repeats", model.repeats},
          {"properties", std::move(properties)}};
}

Json SeriesToJson(const SeriesAnalysis& series) {
  const bool empty = series.models.empty();
  const auto statistic = [empty](double value) { return empty ? Json() : Number(value); };
  Json edf = Json::array();
  for (const EdfPoint& point : series.edf.points) {
    edf.push_back({{"error", Number(point.error)}, {"f", Number(point.f)}});
  }
  Json best = Json::object();
  for (const auto& [name, band] : series.best) best[name] = BandToJson(band);
  Json models = Json::array();
  for (const StudyModel& model : series.models) models.push_back(ModelToJson(model));
  return {{"name", series.name},
          {"recipe", series.recipe},
          {"data", series.data},
          {"n", series.models.size()},
          {"failed", series.failed},
          {"min_error", statistic(series.min_error)},
          {"mean_error", statistic(series.mean_error)},
          {"median_error", statistic(series.median_error)},
          {"edf", std::move(edf)},
          {"best", std::move(best)},
          {"models", std::move(models)}};
}

Json ComparisonToJson(const Comparison& comparison) {
  const Interval& difference = comparison.mean_difference;
  return {{"a", comparison.a},
          {"b", comparison.b},
          {"ks", Number(comparison.ks)},
          {"p_value", Number(comparison.p_value)},
          {"p_adjusted", Number(comparison.p_adjusted)},
          {"mean_difference",
           {{"point", Number(difference.point)},
            {"low", Number(difference.low)},
            {"high", Number(difference.high)}}}};
}

}  // namespace

Json StudyToJson(const StudyAnalysis& study) {
  Json populations = Json::array();
  for (const SeriesAnalysis& series : study.series) populations.push_back(SeriesToJson(series));
  Json comparisons = Json::array();
  for (const Comparison& comparison : study.comparisons) {
    comparisons.push_back(ComparisonToJson(comparison));
  }
  return {{"populations", std::move(populations)}, {"comparisons", std::move(comparisons)}};
}

}  // namespace dse
