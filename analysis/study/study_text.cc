#include "analysis/study/study_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "analysis/statistics/quantile_difference.h"
#include "analysis/statistics/sample_statistics.h"
#include "analysis/study/edf_plot.h"
#include "analysis/study/study_across_text.h"
#include "analysis/study/study_format.h"
#include "core/printable.h"
#include "core/sentence.h"
#include "core/text_table.h"

namespace dse {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr size_t kBestListed = 5;
constexpr size_t kWorstListed = 3;
constexpr size_t kLineLength = 100;

std::string Header(const SeriesAnalysis& series) {
  std::string text = fmt::format("{}: recipe {}, data {}", series.name, series.recipe, series.data);
  if (!series.space.empty()) text += ", space " + series.space;
  text = Printable(text) + "\n  ";
  const std::string left_out = Printable(LeftOutText(series));
  if (series.models.empty()) {
    return text + "No model of this series has an error" +
           (left_out.empty() ? ": it has no members" : " (" + left_out + ")") + ".\n";
  }
  text += CountOf(static_cast<int64_t>(series.models.size()), "model");
  if (!left_out.empty()) text += "; " + left_out;
  return text + fmt::format("\n  error in % ({}): min {}, mean {}, median {}\n",
                            ErrorKindText(series.error), FormatPercent(series.min_error),
                            FormatPercent(series.mean), FormatPercent(series.median_error));
}

std::string Distribution(const SeriesAnalysis& series) {
  std::string text = fmt::format(
      "\n  Share of models with at most this error (95% band of the whole curve: +-{:.2f})\n",
      DkwHalfWidth(series.edf.n));
  double highest = series.min_error;  // diverged models would squeeze the others together
  for (const StudyModel& model : series.models) {
    if (!model.diverged) highest = std::max(highest, model.error);
  }
  if (highest > series.min_error) {
    text += PlotEdf(series.edf, highest);
  } else {
    text += "  (no curve: no two models that finished differ in error)\n";
  }
  const std::vector<double> errors = ErrorsOf(series);
  Rows rows = {{"share"}, {"error %"}};
  for (int share : kComparedPercents) {
    rows[0].push_back(std::to_string(share) + "%");
    rows[1].push_back(FormatPercent(Quantile(errors, share / 100.0)));
  }
  return text + TextTable(rows);
}

// The lowest error to expect of so many models drawn at random.
std::string RandomSearch(const SeriesAnalysis& series) {
  constexpr std::array<int64_t, 7> kModels = {1, 2, 4, 8, 16, 32, 64};
  Rows rows = {{"random models"}, {"lowest error %"}};
  for (const SearchPoint& point : series.random_search) {
    if (std::ranges::find(kModels, point.models) == kModels.end()) continue;
    rows[0].push_back(std::to_string(point.models));
    rows[1].push_back(FormatPercent(point.expected));
  }
  std::string text = "\n" + TextTable(rows);
  if (series.seed_noise) {
    const SeedNoise& noise = *series.seed_noise;
    text += fmt::format("  repeats differ by sd {} ({} of {})", FormatPercent(noise.within_sd),
                        CountOf(noise.runs, "run"), CountOf(noise.models, "model"));
    if (series.models_sd) text += ", all models by sd " + FormatPercent(*series.models_sd);
    text += "\n";
  }
  return text;
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

std::string BestValues(const SeriesAnalysis& series, const StudyOptions& options) {
  if (series.properties.empty()) return "";
  Rows rows = {{"property", "low", "median", "high", "smallest", "largest", "models"}};
  std::vector<std::string> constant;
  for (const StudyProperty& property : series.properties) {
    const auto text = [&property](double value) { return FormatProperty(property.name, value); };
    if (property.smallest == property.largest) {
      constant.push_back(Printable(property.name) + " = " + text(property.smallest));
      continue;
    }
    rows.push_back({property.name, text(property.best.low), text(property.best.median),
                    text(property.best.high), text(property.smallest), text(property.largest),
                    std::to_string(property.models)});
  }
  std::string text = fmt::format(
      "\n  Best values: where the best models lie (95% interval, {}), beside the range of all "
      "models\n",
      options.method == BandMethod::kExact ? "exact law" : "10,000 seeded draws");
  if (rows.size() > 1) text += TextTable(rows);
  if (!constant.empty()) text += WrapWords("the same wherever given: ", constant);
  return text;
}

std::string Models(const SeriesAnalysis& series) {
  const bool repeats = std::any_of(series.models.begin(), series.models.end(),
                                   [](const StudyModel& model) { return model.repeats > 1; });
  Rows rows = {{"rank", "error %"}};
  if (repeats) rows[0].insert(rows[0].end(), {"sd", "repeats"});
  rows[0].insert(rows[0].end(), {"model", "index", "depth", "widths", "e_fit", "flops"});
  const size_t n = series.models.size();
  for (size_t i = 0; i < n; ++i) {
    if (i == kBestListed && n > kBestListed + kWorstListed) {
      rows.push_back({"..."});
      i = n - kWorstListed;
    }
    const StudyModel& model = series.models[i];
    std::vector<std::string> row = {std::to_string(i + 1), FormatPercent(model.error)};
    if (repeats) {
      row.push_back(model.sd ? FormatPercent(*model.sd) : "-");
      row.push_back(std::to_string(model.repeats));
    }
    row.insert(row.end(), {model.hash.empty() ? "-" : model.hash, std::to_string(model.index),
                           PropertyText(series, "depth", i), StageWidthsText(series, i),
                           PropertyText(series, "e_fit", i), PropertyText(series, "flops", i)});
    rows.push_back(std::move(row));
  }
  return "\n  Models, best and worst\n" + TextTable(rows);
}

}  // namespace

std::string StudyToText(const StudyAnalysis& study) {
  if (study.series.empty()) return "There is no series to analyze.\n";
  std::string text;
  for (const SeriesAnalysis& series : study.series) {
    if (!text.empty()) text += "\n";
    text += Header(series);
    if (series.models.empty()) continue;
    text += Distribution(series) + RandomSearch(series) + BestValues(series, study.options) +
            Models(series);
  }
  return text + ComparisonsText(study) + TrendsText(study) + RegressionsText(study) +
         ParetoText(study);
}

}  // namespace dse
