#include "analysis/study/study_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "core/sentence.h"
#include "core/suggest.h"
#include "core/units.h"

namespace dse {
namespace {

// A coefficient in the units readers know: scaled, with its interval.
std::string Coefficient(const Interval& interval, double scale) {
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", interval.point * scale, interval.low * scale,
                     interval.high * scale);
}

struct Unit {
  double scale = 1;  // of one unit in the property's own numbers
  const char* symbol = "";
};

Unit UnitOf(const std::string& quantity) {
  if (quantity == "flops") return {1e9, "GF"};
  if (quantity == "acts" || quantity == "params") return {1e6, "M"};
  return {1, "ms an image"};
}

// "1 run in bf16, 2 runs in fp32", with `where` = "in".
std::string RunsOfEach(const std::map<std::string, int64_t>& counts, const std::string& where) {
  std::vector<std::string> runs;
  for (const auto& [what, count] : counts) {
    runs.push_back(CountOf(count, "run") + " " + where + " " + what);
  }
  return JoinWords(runs);
}

std::string JoinParts(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : "; ") + part;
  return text;
}

// What trained runs, as their row tells it.
struct EngineWords {
  std::string name, version;
};

// One went on with what another had begun.
constexpr std::string_view kJoint = " + ";
bool IsJoint(const std::string& text) { return text.find(kJoint) != text.npos; }

// "LibTorch 2.11.0" has a name and a version; "LibTorch 2.9.0 + LibTorch 2.11.0" a name and two;
// and "LibTorch 2.11.0 + native 0.1.0" is a name as a whole.
EngineWords ReadEngine(const std::string& text) {
  EngineWords words;
  for (size_t at = 0, end = 0; end != text.npos; at = end + kJoint.size()) {
    end = text.find(kJoint, at);
    const std::string part = text.substr(at, end == text.npos ? end : end - at);
    const size_t space = part.rfind(' ');
    const std::string name = part.substr(0, space);
    if (at > 0 && name != words.name) return {text, ""};
    words.name = name;
    words.version += (at > 0 ? std::string(kJoint) : "") +
                     (space == part.npos ? "one unknown" : part.substr(space + 1));
  }
  return words;
}

}  // namespace

std::string FormatPercent(double value) { return fmt::format("{:.2f}", value); }

std::string FormatPercent(const Interval& interval) {
  if (interval.low == interval.high) return FormatPercent(interval.point);
  return fmt::format("{:.2f} [{:.2f}, {:.2f}]", interval.point, interval.low, interval.high);
}

std::string FormatProperty(std::string_view name, double value) {
  if (name == "flops" || name == "params" || name == "acts") return FormatCount(value);
  return fmt::format("{:.5g}", value);
}

std::string FormatPValue(double p) {
  return p < 1e-4 ? fmt::format("{:.1e}", p) : fmt::format("{:.2g}", p);
}

std::string PropertyText(const SeriesAnalysis& series, std::string_view property, size_t place) {
  const StudyProperty* found = series.Find(property);
  if (!found || std::isnan(found->values[place])) return "-";
  return FormatProperty(property, found->values[place]);
}

std::string StageText(const SeriesAnalysis& series, char letter, size_t place) {
  std::string text;
  for (int stage = 1;; ++stage) {
    const std::string value = PropertyText(series, letter + std::to_string(stage), place);
    if (value == "-") return text;
    text += (stage == 1 ? "" : " ") + value;
  }
}

std::string StageWidthsText(const SeriesAnalysis& series, size_t place) {
  const std::string widths = StageText(series, 'w', place);
  return widths.empty() ? "-" : widths;
}

std::string LeftOutText(const SeriesAnalysis& series) {
  const auto diverged = std::ranges::count_if(series.models, &StudyModel::diverged);
  std::vector<std::string> out;
  for (const auto& [state, count] : series.failed) {
    if (state == "diverged" && diverged > 0) continue;
    std::string word = state == "without_error" ? "done without the error asked for" : state;
    std::ranges::replace(word, '_', ' ');
    out.push_back(std::to_string(count) + " " + word);
  }
  if (series.filtered > 0) {
    out.push_back(std::to_string(series.filtered) + " outside the conditions");
  }
  std::vector<std::string> parts;
  if (!out.empty()) parts.push_back("left out: " + JoinWords(out));
  if (diverged > 0) parts.push_back(std::to_string(diverged) + " diverged, counted as 100% error");
  for (const auto& [state, count] : series.failed_repeats) {
    std::string word = state;
    std::ranges::replace(word, '_', ' ');
    parts.push_back(CountOf(count, "further repeat") + " " + word);
  }
  if (series.micro_batched > 0) {
    parts.push_back(std::to_string(series.micro_batched) +
                    " trained in smaller batches than the recipe's, for lack of memory");
  }
  if (series.precisions.size() > 1) {
    parts.push_back("trained in different precisions: " + RunsOfEach(series.precisions, "in"));
  }
  const std::string engines = EnginesText(series);
  if (!engines.empty()) parts.push_back(engines);
  return JoinParts(parts);
}

std::string EnginesText(const SeriesAnalysis& series) {
  std::map<std::string, std::map<std::string, int64_t>> versions;  // by engine
  std::map<std::string, int64_t> runs;
  for (const auto& [engine, count] : series.engines) {
    const EngineWords words = ReadEngine(engine);
    versions[words.name][words.version] += count;
    runs[words.name] += count;
  }
  std::vector<std::string> parts;
  if (runs.size() > 1 || (!runs.empty() && IsJoint(runs.begin()->first))) {
    parts.push_back("trained by different engines: " + RunsOfEach(runs, "by"));
  }
  for (const auto& [name, counts] : versions) {
    if (counts.size() < 2 && !IsJoint(counts.begin()->first)) continue;
    parts.push_back("trained by different versions of " + name + ": " + RunsOfEach(counts, "by"));
  }
  return JoinParts(parts);
}

const char* ErrorKindText(ErrorKind kind) {
  return kind == ErrorKind::kLast ? "last epoch" : "best epoch";
}

std::string PropertyMeaning(const std::string& name) {
  static const std::vector<std::pair<std::string, std::string>> kMeanings = {
      {"depth", "depth (blocks)"},
      {"w0", "w0, initial width"},
      {"wa", "wa, slope of the widths"},
      {"wm", "wm, factor between widths"},
      {"e_fit", "e_fit, error of the quantized linear fit"},
      {"flops", "flops (multiply-adds)"},
      {"params", "parameters"},
      {"acts", "activations"},
      {"lr", "learning rate"},
      {"wd", "weight decay"},
      {"lr_wd", "learning rate x weight decay"}};
  for (const auto& [known, meaning] : kMeanings) {
    if (known == name) return meaning;
  }
  if (name.size() != 2 || name[1] < '1' || name[1] > '9') return name;
  const std::string stage = std::string(" of stage ") + name[1];
  switch (name[0]) {
    case 'w':
      return name + ", width" + stage;
    case 'd':
      return name + ", depth" + stage;
    case 'b':
      return name + ", bottleneck ratio" + stage;
    case 'g':
      return name + ", group width" + stage;
    default:
      return name;
  }
}

std::string RegressionText(const ComplexityTrend& trend) {
  const Unit x = UnitOf(trend.x);
  const Unit y = UnitOf(trend.y);
  const std::string variable = trend.x == "flops" ? "GF" : "M " + trend.x;
  std::string text = fmt::format("{} ({}) = ", trend.y, y.symbol);
  if (!trend.fit) return text + "not determined by " + CountOf(trend.points.size(), "model");
  const std::vector<Interval>& c = trend.fit->coefficients;
  const double root = std::sqrt(x.scale) / y.scale;
  switch (trend.fit->form) {
    case TrendForm::kSqrt:
      text += fmt::format("{} sqrt({})", Coefficient(c[0], root), variable);
      break;
    case TrendForm::kLinear:
      text += fmt::format("{} + {} {}", Coefficient(c[0], 1 / y.scale),
                          Coefficient(c[1], x.scale / y.scale), variable);
      break;
    case TrendForm::kLinearSqrt:
      text += fmt::format("{0} {1} + {2} sqrt({1})", Coefficient(c[0], x.scale / y.scale), variable,
                          Coefficient(c[1], root));
      break;
  }
  return text + fmt::format(", R^2 {:.3f}, {}", trend.fit->r_squared,
                            CountOf(static_cast<int64_t>(trend.points.size()), "model"));
}

}  // namespace dse
