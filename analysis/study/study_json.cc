#include "analysis/study/study_json.h"

#include <cmath>
#include <map>

#include "core/json.h"
#include "core/object_writer.h"

namespace dse {
namespace {

constexpr Word<TrendForm> kTrendFormWords[] = {{"a*sqrt(x)", TrendForm::kSqrt},
                                               {"a+b*x", TrendForm::kLinear},
                                               {"a*x+b*sqrt(x)", TrendForm::kLinearSqrt}};

// Appends a JSON array: append(item, text) for each item.
template <typename Range, typename Append>
void AppendArray(const Range& items, std::string& text, const Append& append) {
  text += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) text += ',';
    first = false;
    append(item, text);
  }
  text += ']';
}

void AppendInterval(const Interval& interval, std::string& text) {
  ObjectWriter object(text);
  object.Real("point", interval.point);
  object.Real("low", interval.low);
  object.Real("high", interval.high);
  object.Close();
}

void AppendEdf(const Edf& edf, std::string& text) {
  AppendArray(edf.points, text, [](const EdfPoint& point, std::string& out) {
    ObjectWriter object(out);
    object.Real("error", point.error);
    object.Real("f", point.f);
    object.Close();
  });
}

void AppendEdfBands(const Edf& edf, std::string& text) {
  const Edf thin = ThinEdf(edf, kDrawnEdfPoints);
  const std::vector<Interval> whole = DkwBand(thin);
  const std::vector<Interval> pointwise = ClopperPearsonBand(thin);
  text += '[';
  for (size_t i = 0; i < thin.points.size(); ++i) {
    if (i > 0) text += ',';
    ObjectWriter object(text);
    object.Real("error", thin.points[i].error);
    object.Real("whole_low", whole[i].low);
    object.Real("whole_high", whole[i].high);
    object.Real("pointwise_low", pointwise[i].low);
    object.Real("pointwise_high", pointwise[i].high);
    object.Close();
  }
  text += ']';
}

void AppendBest(const SeriesAnalysis& series, std::string& text) {
  ObjectWriter object(text);
  for (const StudyProperty& property : series.properties) {
    ObjectWriter band(object.Key(property.name));
    band.Real("low", property.best.low);
    band.Real("median", property.best.median);
    band.Real("high", property.best.high);
    band.Real("level", property.best.level);
    band.Text("method", TextOf(property.best.method, kBandMethodWords));
    band.Close();
  }
  object.Close();
}

void AppendModel(const SeriesAnalysis& series, size_t place, std::string& text) {
  const StudyModel& model = series.models[place];
  ObjectWriter object(text);
  object.Text("hash", model.hash);
  object.Real("error", model.error);
  if (model.sd) {
    object.Real("sd", *model.sd);
  } else {
    object.Key("sd") += "null";
  }
  object.Int("repeats", model.repeats);
  ObjectWriter properties(object.Key("properties"));
  for (const StudyProperty& property : series.properties) {
    const double value = property.values[place];
    if (!std::isnan(value)) properties.Real(property.name, value);
  }
  properties.Close();
  object.Int("index", model.index);
  if (model.diverged) object.Key("diverged") += "true";
  if (!model.name.empty()) object.Text("name", model.name);
  object.Close();
}

void AppendModels(const SeriesAnalysis& series, std::string& text) {
  text += '[';
  for (size_t place = 0; place < series.models.size(); ++place) {
    if (place > 0) text += ',';
    AppendModel(series, place, text);
  }
  text += ']';
}

void AppendSearch(const SeriesAnalysis& series, std::string& text) {
  AppendArray(series.random_search, text, [](const SearchPoint& point, std::string& out) {
    ObjectWriter object(out);
    object.Int("models", point.models);
    object.Real("expected", point.expected);
    object.Real("low", point.low);
    object.Real("high", point.high);
    object.Close();
  });
}

void AppendNormalized(const SeriesAnalysis& series, std::string& text) {
  ObjectWriter object(text);
  for (const NormalizedEdf& normalized : series.normalized) {
    AppendEdf(normalized.edf, object.Key(normalized.complexity));
  }
  object.Close();
}

void AppendSeedNoise(const std::optional<SeedNoise>& noise, std::string& text) {
  if (!noise) {
    text += "null";
    return;
  }
  ObjectWriter object(text);
  object.Int("models", noise->models);
  object.Int("runs", noise->runs);
  AppendInterval(noise->within_sd, object.Key("within_sd"));
  if (noise->between_sd) object.Real("between_sd", *noise->between_sd);
  object.Close();
}

void AppendSpread(const LearningCurves& curves, std::string& text) {
  AppendArray(curves.spread, text, [](const EpochSpread& epoch, std::string& out) {
    ObjectWriter object(out);
    object.Int("epoch", epoch.epoch);
    object.Int("models", epoch.models);
    object.Real("low", epoch.low);
    object.Real("median", epoch.median);
    object.Real("high", epoch.high);
    object.Close();
  });
}

// The keys that tell which series it is and what became of its members.
void AppendIdentity(const SeriesAnalysis& series, ObjectWriter& object) {
  object.Text("name", series.name);
  object.Text("recipe", series.recipe);
  object.Text("data", series.data);
  object.Text("space", series.space);
  if (series.band) object.Text("band", FormatBand(*series.band));
  object.Int("n", static_cast<int64_t>(series.models.size()));
  ObjectWriter failed(object.Key("failed"));
  for (const auto& [state, count] : series.failed) failed.Int(state, count);
  failed.Close();
  ObjectWriter repeats(object.Key("failed_repeats"));
  for (const auto& [state, count] : series.failed_repeats) repeats.Int(state, count);
  repeats.Close();
  object.Int("filtered", series.filtered);
  object.Int("micro_batched", series.micro_batched);
  ObjectWriter precisions(object.Key("precisions"));
  for (const auto& [precision, count] : series.precisions) precisions.Int(precision, count);
  precisions.Close();
  ObjectWriter engines(object.Key("engines"));
  for (const auto& [engine, count] : series.engines) engines.Int(engine, count);
  engines.Close();
}

void AppendSeries(const SeriesAnalysis& series, std::string& text) {
  const bool empty = series.models.empty();
  ObjectWriter object(text);
  AppendIdentity(series, object);
  const auto statistic = [&](const char* key, double value) {
    if (empty) {
      object.Key(key) += "null";
    } else {
      object.Real(key, value);
    }
  };
  statistic("min_error", series.min_error);
  statistic("mean_error", series.mean_error);
  statistic("median_error", series.median_error);
  if (series.models.size() > 1) AppendInterval(series.mean, object.Key("mean_interval"));
  AppendEdf(series.edf, object.Key("edf"));
  if (!empty) AppendEdfBands(series.edf, object.Key("edf_bands"));
  AppendNormalized(series, object.Key("normalized_edf"));
  AppendBest(series, object.Key("best"));
  AppendSearch(series, object.Key("random_search"));
  AppendSeedNoise(series.seed_noise, object.Key("seed_noise"));
  if (series.models_sd) object.Real("models_sd", *series.models_sd);
  if (!series.curves.spread.empty()) AppendSpread(series.curves, object.Key("learning_curves"));
  AppendModels(series, object.Key("models"));
  object.Close();
}

void AppendPower(const PowerCurve& power, ObjectWriter& object) {
  AppendArray(power.points, object.Key("power"), [](const PowerPoint& point, std::string& out) {
    ObjectWriter item(out);
    item.Int("models", point.models);
    AppendInterval(point.power, item.Key("power"));
    item.Close();
  });
  if (power.models_for_80) {
    object.Int("models_for_80_percent_power", *power.models_for_80);
  } else {
    object.Key("models_for_80_percent_power") += "null";
  }
}

void AppendComparison(const Comparison& comparison, const PowerCurve& power, std::string& text) {
  ObjectWriter object(text);
  object.Text("a", comparison.a);
  object.Text("b", comparison.b);
  object.Real("ks", comparison.ks);
  object.Real("p_value", comparison.p_value);
  object.Real("p_adjusted", comparison.p_adjusted);
  object.Text("p_method", TextOf(comparison.method, kKsMethodWords));
  AppendInterval(comparison.mean_difference, object.Key("mean_difference"));
  AppendArray(comparison.quantiles, object.Key("quantile_differences"),
              [](const QuantileDifference& quantile, std::string& out) {
                ObjectWriter item(out);
                item.Real("q", quantile.q);
                AppendInterval(quantile.difference, item.Key("difference"));
                item.Close();
              });
  AppendPower(power, object);
  object.Close();
}

void AppendTrend(const StudyAnalysis& study, const TrendGroup& group, std::string& text) {
  ObjectWriter object(text);
  object.Text("group", group.label);
  std::string& items = object.Key("series");
  items += '[';
  for (size_t i = 0; i < group.series.size(); ++i) {
    const SeriesAnalysis& series = study.series[group.series[i]];
    if (i > 0) items += ',';
    ObjectWriter item(items);
    item.Text("name", series.label);
    item.Real("flops", group.flops[i]);
    AppendInterval(series.mean, item.Key("mean_error"));
    item.Real("min_error", series.min_error);
    item.Close();
  }
  items += ']';
  object.Close();
}

void AppendRegression(const ComplexityTrend& trend, std::string& text) {
  ObjectWriter object(text);
  object.Text("group", trend.group);
  object.Text("y", trend.y);
  object.Text("x", trend.x);
  object.Text("device", trend.device);
  object.Int("models", static_cast<int64_t>(trend.points.size()));
  if (trend.fit) {
    object.Text("form", TextOf<TrendForm>(trend.fit->form, kTrendFormWords));
    AppendArray(trend.fit->coefficients, object.Key("coefficients"), AppendInterval);
    object.Real("r_squared", trend.fit->r_squared);
    object.Real("residual_sd", trend.fit->residual_sd);
  }
  object.Close();
}

void AppendPareto(const StudyAnalysis& study, const ParetoList& list, std::string& text) {
  ObjectWriter object(text);
  object.Text("cost", list.cost);
  object.Text("device", list.device);
  object.Text("recipe", list.recipe);
  object.Text("data", list.data);
  object.Int("models", list.models);
  AppendArray(list.front, object.Key("front"), [&](const ParetoEntry& entry, std::string& out) {
    const SeriesAnalysis& series = study.series[entry.series];
    ObjectWriter item(out);
    item.Text("series", series.label);
    item.Text("hash", series.models[entry.place].hash);
    item.Real("cost", entry.cost);
    item.Real("error", series.models[entry.place].error);
    item.Close();
  });
  object.Close();
}

void AppendOptions(const StudyOptions& options, std::string& text) {
  ObjectWriter object(text);
  object.Text("error", options.error == ErrorKind::kLast ? "last" : "best");
  object.Text("method", TextOf(options.method, kBandMethodWords));
  object.Int("seed", static_cast<int64_t>(options.seed));
  object.Key("exclude_diverged") += options.exclude_diverged ? "true" : "false";
  AppendArray(options.conditions, object.Key("where"),
              [](const Condition& condition, std::string& out) {
                ObjectWriter::AppendText(condition.text, out);
              });
  object.Close();
}

}  // namespace

std::string StudyToJson(const StudyAnalysis& study) {
  std::string text;
  ObjectWriter object(text);
  AppendOptions(study.options, object.Key("options"));
  AppendArray(study.series, object.Key("populations"), AppendSeries);
  std::string& comparisons = object.Key("comparisons");
  comparisons += '[';
  for (size_t i = 0; i < study.comparisons.size(); ++i) {
    if (i > 0) comparisons += ',';
    AppendComparison(study.comparisons[i], study.power[i], comparisons);
  }
  comparisons += ']';
  AppendArray(study.trends.groups, object.Key("trends"),
              [&](const TrendGroup& group, std::string& out) { AppendTrend(study, group, out); });
  AppendArray(study.trends.regressions, object.Key("regressions"), AppendRegression);
  AppendArray(study.trends.pareto, object.Key("pareto"),
              [&](const ParetoList& list, std::string& out) { AppendPareto(study, list, out); });
  object.Close();
  return text;
}

}  // namespace dse
