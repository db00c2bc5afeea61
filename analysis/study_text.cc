#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "analysis/edf_plot.h"
#include "analysis/properties.h"
#include "analysis/statistics.h"
#include "analysis/study.h"
#include "analysis/text_table.h"
#include "core/suggest.h"
#include "core/units.h"

namespace dse {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr size_t kBestShown = 5;
constexpr size_t kWorstShown = 3;
constexpr size_t kLineLength = 100;

std::string Percent(double value) { return FormatNumber("%.2f", value); }

std::string FormatProperty(const std::string& name, double value) {
  if (name == "flops" || name == "params" || name == "acts") return FormatCount(value);
  return FormatNumber("%.5g", value);
}

std::string CountOf(int64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// "1 failed, 2 pending" of the members without an error; diverged ones that count are not among
// them.
std::string LeftOut(const SeriesAnalysis& series) {
  const bool diverged_count = std::any_of(series.models.begin(), series.models.end(),
                                          [](const StudyModel& model) { return model.diverged; });
  std::vector<std::string> parts;
  for (const auto& [state, count] : series.failed) {
    if (state == "diverged" && diverged_count) continue;
    const std::string word =
        state == "without_error" ? std::string("done without the error asked for") : state;
    parts.push_back(std::to_string(count) + " " + word);
  }
  return JoinWords(parts);
}

std::string Header(const SeriesAnalysis& series) {
  std::string text = series.name + ": recipe " + series.recipe + ", data " + series.data;
  if (!series.space.empty()) text += ", space " + series.space;
  text += "\n  ";
  const std::string left_out = LeftOut(series);
  if (series.models.empty()) {
    return text + "No model of this series has an error" +
           (left_out.empty() ? ": it has no members" : " (" + left_out + ")") + ".\n";
  }
  text += CountOf(static_cast<int64_t>(series.models.size()), "model");
  if (!left_out.empty()) text += "; left out: " + left_out;
  const auto diverged = std::count_if(series.models.begin(), series.models.end(),
                                      [](const StudyModel& model) { return model.diverged; });
  if (diverged > 0) text += "; " + std::to_string(diverged) + " diverged, counted as 100% error";
  if (series.micro_batched > 0) {
    text += "; " + std::to_string(series.micro_batched) +
            " trained in smaller batches than the recipe's, for lack of memory";
  }
  const char* kind = series.error == ErrorKind::kLast ? "last epoch" : "best epoch";
  return text + "\n  error in % (" + kind + "): min " + Percent(series.min_error) + ", mean " +
         Percent(series.mean_error) + ", median " + Percent(series.median_error) + "\n";
}

std::string Distribution(const SeriesAnalysis& series) {
  constexpr std::array<int, 7> kShares = {5, 10, 25, 50, 75, 90, 95};
  std::string text =
      "\n  Share of models with at most this error (95% band of the whole curve: +-" +
      FormatNumber("%.2f", DkwHalfWidth(series.edf.n)) + ")\n";
  double highest = series.min_error;  // diverged models would squeeze the others together
  for (const StudyModel& model : series.models) {
    if (!model.diverged) highest = std::max(highest, model.error);
  }
  if (highest > series.min_error) {
    text += PlotEdf(series.edf, highest);
  } else {
    text += "  (no curve: no two models that finished differ in error)\n";
  }
  std::vector<double> errors;
  for (const StudyModel& model : series.models) errors.push_back(model.error);
  Rows rows = {{"share"}, {"error %"}};
  for (int share : kShares) {
    rows[0].push_back(std::to_string(share) + "%");
    rows[1].push_back(Percent(Quantile(errors, share / 100.0)));
  }
  return text + TextTable(rows);
}

// What the models have of a property.
struct PropertyRange {
  int64_t models = 0;
  double low = 0;
  double high = 0;
};

PropertyRange RangeOf(const SeriesAnalysis& series, const std::string& name) {
  PropertyRange range;
  for (const StudyModel& model : series.models) {
    const auto found = model.properties.find(name);
    if (found == model.properties.end()) continue;
    const double value = found->second;
    range.low = range.models == 0 ? value : std::min(range.low, value);
    range.high = range.models == 0 ? value : std::max(range.high, value);
    ++range.models;
  }
  return range;
}

// The words with commas between them, in indented lines of at most kLineLength.
std::string WrapWords(const std::string& start, const std::vector<std::string>& words) {
  std::string text;
  std::string line = "  " + start;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string word = words[i] + (i + 1 < words.size() ? ", " : "");
    if (line.size() + word.size() > kLineLength) {
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      line = "    ";
    }
    line += word;
  }
  return text + line + "\n";
}

std::string BestValues(const SeriesAnalysis& series) {
  if (series.best.empty()) return "";
  std::vector<std::string> names;
  for (const auto& [name, band] : series.best) names.push_back(name);
  Rows rows = {{"property", "low", "median", "high", "smallest", "largest", "models"}};
  std::vector<std::string> constant;
  for (const std::string& name : SortedPropertyNames(names)) {
    const BestValueBand& band = series.best.at(name);
    const PropertyRange range = RangeOf(series, name);
    if (range.low == range.high) {
      constant.push_back(name + " = " + FormatProperty(name, range.low));
      continue;
    }
    rows.push_back({name, FormatProperty(name, band.low), FormatProperty(name, band.median),
                    FormatProperty(name, band.high), FormatProperty(name, range.low),
                    FormatProperty(name, range.high), std::to_string(range.models)});
  }
  const BandMethod method = series.best.begin()->second.method;
  std::string text = "\n  Best values: where the best models lie (95% interval, ";
  text += method == BandMethod::kExact ? "exact law" : "10,000 seeded draws";
  text += "), beside the range of all models\n";
  if (rows.size() > 1) text += TextTable(rows);
  if (!constant.empty()) text += WrapWords("the same wherever given: ", constant);
  return text;
}

std::string PropertyOrDash(const StudyModel& model, const std::string& name) {
  const auto found = model.properties.find(name);
  return found == model.properties.end() ? "-" : FormatProperty(name, found->second);
}

std::string StageWidths(const StudyModel& model) {
  std::string widths;
  for (int stage = 1; model.properties.contains("w" + std::to_string(stage)); ++stage) {
    widths += (stage == 1 ? "" : " ") + PropertyOrDash(model, "w" + std::to_string(stage));
  }
  return widths.empty() ? "-" : widths;
}

std::string Models(const SeriesAnalysis& series) {
  const bool repeats = std::any_of(series.models.begin(), series.models.end(),
                                   [](const StudyModel& model) { return model.repeats > 1; });
  Rows rows = {{"rank", "error %"}};
  if (repeats) rows[0].insert(rows[0].end(), {"sd", "repeats"});
  rows[0].insert(rows[0].end(), {"model", "index", "depth", "widths", "e_fit", "flops"});
  const size_t n = series.models.size();
  for (size_t i = 0; i < n; ++i) {
    if (i == kBestShown && n > kBestShown + kWorstShown) {
      rows.push_back({"..."});
      i = n - kWorstShown;
    }
    const StudyModel& model = series.models[i];
    std::vector<std::string> row = {std::to_string(i + 1), Percent(model.error)};
    if (repeats) {
      row.push_back(model.sd ? Percent(*model.sd) : "-");
      row.push_back(std::to_string(model.repeats));
    }
    row.insert(row.end(), {model.hash.empty() ? "-" : model.hash, std::to_string(model.index),
                           PropertyOrDash(model, "depth"), StageWidths(model),
                           PropertyOrDash(model, "e_fit"), PropertyOrDash(model, "flops")});
    rows.push_back(std::move(row));
  }
  return "\n  Models, best and worst\n" + TextTable(rows);
}

std::string FormatPValue(double p) {
  return p < 1e-4 ? FormatNumber("p = %.1e", p) : FormatNumber("p = %.2g", p);
}

std::string Comparisons(const StudyAnalysis& study) {
  if (study.comparisons.empty()) return "";
  std::string text =
      "\nComparisons: difference of mean errors with its 95% bootstrap interval, "
      "Kolmogorov-Smirnov test\n";
  for (const Comparison& comparison : study.comparisons) {
    const Interval& difference = comparison.mean_difference;
    text += "  " + comparison.a + " against " + comparison.b + ": mean error " +
            FormatNumber("%+.2f", difference.point) + " [" + FormatNumber("%+.2f", difference.low) +
            ", " + FormatNumber("%+.2f", difference.high) + "], KS " +
            FormatNumber("%.3f", comparison.ks) + ", " + FormatPValue(comparison.p_adjusted) +
            " (" + TextOf(comparison.method, kKsMethodWords);
    if (study.comparisons.size() > 1) {
      text += ", Holm-adjusted over " + std::to_string(study.comparisons.size());
    }
    text += ")\n";
  }
  return text;
}

}  // namespace

std::string StudyToText(const StudyAnalysis& study) {
  if (study.series.empty()) return "There is no series to analyze.\n";
  std::string text;
  for (const SeriesAnalysis& series : study.series) {
    if (!text.empty()) text += "\n";
    text += Header(series);
    if (series.models.empty()) continue;
    text += Distribution(series) + BestValues(series) + Models(series);
  }
  return text + Comparisons(study);
}

}  // namespace dse
