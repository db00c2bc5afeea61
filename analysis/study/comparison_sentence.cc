#include "analysis/study/comparison_sentence.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <vector>

namespace dse {
namespace {

enum class Verdict { kBetter, kWorse, kEqual, kOpen };

// Of a against b, whose difference (a - b) lies in the interval; lower errors are better.
Verdict VerdictOf(const Interval& difference) {
  if (difference.high < 0) return Verdict::kBetter;
  if (difference.low > 0) return Verdict::kWorse;
  const bool certain = difference.low == 0 && difference.high == 0;
  return certain ? Verdict::kEqual : Verdict::kOpen;
}

std::string WordsOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kEqual:
      return "equal";
    case Verdict::kOpen:
      break;
  }
  return "not told apart";
}

std::string Percent(const QuantileDifference& quantile) {
  return fmt::format("{:.3g}%", 100 * quantile.q);
}

// "-2.10", "+0.31" and, for what rounds to nothing, "0.00".
std::string Signed(double value) {
  const std::string text = fmt::format("{:+.2f}", value);
  return text == "+0.00" || text == "-0.00" ? "0.00" : text;
}

// "at the 5%, 10% and 25% quantiles"
std::string AtQuantiles(const std::vector<std::string>& percents) {
  std::string text = "at the ";
  for (size_t i = 0; i < percents.size(); ++i) {
    if (i > 0) text += i + 1 == percents.size() ? " and " : ", ";
    text += percents[i];
  }
  return text + (percents.size() == 1 ? " quantile" : " quantiles");
}

// "better at every quantile", "better up to the 50% quantile, worse beyond", and a list of the
// quantiles of each verdict where there are more than two stretches.
std::string QuantileWords(const std::vector<QuantileDifference>& quantiles) {
  std::vector<Verdict> verdicts;
  std::vector<size_t> starts;  // of stretches with one verdict
  for (const QuantileDifference& quantile : quantiles) {
    verdicts.push_back(VerdictOf(quantile.difference));
    const size_t last = verdicts.size() - 1;
    if (last == 0 || verdicts[last] != verdicts[last - 1]) starts.push_back(last);
  }
  if (starts.size() == 1) {
    if (verdicts[0] == Verdict::kOpen) return "told apart at no quantile";
    return WordsOf(verdicts[0]) + " at every quantile";
  }
  if (starts.size() == 2) {
    return fmt::format("{} up to the {} quantile, {} beyond", WordsOf(verdicts[0]),
                       Percent(quantiles[starts[1] - 1]), WordsOf(verdicts[starts[1]]));
  }
  std::string text;
  for (Verdict verdict : {Verdict::kBetter, Verdict::kWorse, Verdict::kEqual, Verdict::kOpen}) {
    std::vector<std::string> percents;
    for (size_t i = 0; i < quantiles.size(); ++i) {
      if (verdicts[i] == verdict) percents.push_back(Percent(quantiles[i]));
    }
    if (percents.empty()) continue;
    text += (text.empty() ? "" : ", ") + WordsOf(verdict) + " " + AtQuantiles(percents);
  }
  return text;
}

std::string PValueWords(double p) { return p < 1e-6 ? "p < 1e-6" : fmt::format("p = {:.2g}", p); }

// The difference with its interval, which says nothing where a bootstrap of single models has none.
std::string DifferenceWords(const Interval& mean) {
  if (!(mean.low < mean.high)) return Signed(mean.point);
  return fmt::format("{} [{}, {}]", Signed(mean.point), Signed(mean.low), Signed(mean.high));
}

}  // namespace

std::string ComparisonSentence(const Comparison& comparison, size_t made_together) {
  const Interval& mean = comparison.mean_difference;
  const bool told = comparison.p_adjusted <= kSignificance;
  std::string text = fmt::format("{} against {}: mean error {}", comparison.a, comparison.b,
                                 DifferenceWords(mean));
  if (told && VerdictOf(mean) == Verdict::kOpen) {
    text += " (includes 0: the means are not told apart)";
  }
  if (told && !comparison.quantiles.empty()) text += ", " + QuantileWords(comparison.quantiles);
  text += fmt::format(", KS {:.2f}, {} ({}", comparison.ks, PValueWords(comparison.p_adjusted),
                      TextOf(comparison.method, kKsMethodWords));
  if (made_together > 1) text += fmt::format(", Holm over {} comparisons", made_together);
  text += ")";
  if (!told) text += ": the test does not tell the two apart";
  return text;
}

}  // namespace dse
