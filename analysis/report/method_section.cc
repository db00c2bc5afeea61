#include <fmt/core.h>

#include "analysis/report/report_sections.h"
#include "analysis/study/study_format.h"
#include "core/version.h"

namespace dse {
namespace {

std::string OptionsText(const StudyOptions& options) {
  std::string text =
      fmt::format("Options: errors of the {}; best values by {}; seed {}; diverged networks {}",
                  ErrorKindText(options.error),
                  options.method == BandMethod::kExact ? "their exact law" : "seeded draws",
                  options.seed, options.exclude_diverged ? "left out" : "counted as 100% error");
  for (size_t i = 0; i < options.conditions.size(); ++i) {
    text += (i == 0 ? "; only networks with " : ", ") + options.conditions[i].text;
  }
  return text + ".";
}

// Empty where every series was trained by one engine of one version.
std::string EnginesOfSeries(const StudyAnalysis& study) {
  std::string text;
  for (const SeriesAnalysis& series : study.series) {
    const std::string engines = EnginesText(series);
    if (!engines.empty()) text += " " + series.label + " was " + engines + ".";
  }
  if (text.empty()) return text;
  return "Engines: runs of a series count alike whichever engine trained them, though engines, and "
         "versions of one, add in different orders, so that a network trained with one seed ends "
         "with another error." +
         text;
}

}  // namespace

ReportSection MethodSection(const ReportContext& context) {
  ReportSection section{"methods", "Methods and seeds", {}};
  const auto say = [&section](std::string text) {
    section.blocks.push_back(Paragraph{std::move(text)});
  };
  const StudyOptions& options = context.study().options;
  say(fmt::format("Made by dse {}. {}", Version(), OptionsText(options)));
  say("A model's error is the mean over its done repeats. Models without an error are left out and "
      "counted beside their series.");
  const std::string engines = EnginesOfSeries(context.study());
  if (!engines.empty()) say(engines);
  say("Error distributions: F(e) is the share of models with an error of at most e. The band of "
      "the "
      "whole curve is that of Dvoretzky, Kiefer and Wolfowitz with Massart's constant; the "
      "pointwise "
      "one, in the CSV files, is Clopper and Pearson's. At equal complexity, a model weighs one "
      "over the number of non-empty bins times the models in its bin, with ten bins of equal width "
      "over the range of all series.");
  say("Best values: of n models a quarter is drawn with replacement and the best kept; low, median "
      "and high are the 2.5%, 50% and 97.5% quantiles of its property (section 3.1 of \"Designing "
      "Network Design Spaces\", Radosavovic et al., CVPR 2020). Tied models share their weight. A "
      "quantile is the smallest value whose cumulative weight reaches it.");
  say("Quantized linear fits: w0, wa and wm with the smallest mean |log(predicted / observed)| "
      "over "
      "the block widths (equations 2 to 4 of the paper), searched from a grid's optimum on over "
      "all "
      "w0 and wa from 8 to 256 and wm from 1.5 to 3 by branch and bound, which ends with the "
      "smallest but for rare networks at the limit of its work. Networks drawn as RegNets show the "
      "parameters they were drawn with.");
  say("Comparisons: two-sided Kolmogorov-Smirnov tests, exact with ties where the product of the "
      "sample sizes is at most 10 million, else Kolmogorov's limit; p-values adjusted by Holm over "
      "all pairs. Intervals of means are 95% percentile intervals of 1,000 to 10,000 seeded "
      "bootstrap resamples; those of quantiles follow from the exact law of the bootstrap. Power "
      "is "
      "found by 1,000 seeded draws of both samples.");
  say("Random search: expectation and quantiles of the lowest error of k models drawn without "
      "replacement, by order statistics. Seed noise: pooled variance of repeats with a chi-square "
      "interval, and the variance between models of a one-way random effects model.");
  say("Regressions: least squares of activations on sqrt(flops), of parameters on flops with a "
      "constant, of times on flops and sqrt(flops), with Student-t intervals. R^2 is one minus the "
      "residual sum of squares over the sum of squares about the mean. Flops are multiply-adds; "
      "activations are the elements of all convolution outputs.");
  return section;
}

}  // namespace dse
