#include "analysis/study/comparison_sentence.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace dse::comparison_sentence_test {
namespace {

const Interval kBetter = {-2, -3, -1, 0.95};
const Interval kWorse = {2, 1, 3, 0.95};
const Interval kOpen = {0.5, -1, 2, 0.95};
const Interval kEqual = {0, 0, 0, 0.95};

Comparison Between(const Interval& mean, const std::vector<Interval>& at_quantiles, double p) {
  Comparison comparison{.a = "RegNetX", .b = "AnyNetXA", .ks = 0.312, .mean_difference = mean};
  comparison.p_adjusted = p;
  for (size_t i = 0; i < at_quantiles.size(); ++i) {
    comparison.quantiles.push_back({kComparedPercents[i] / 100.0, at_quantiles[i]});
  }
  return comparison;
}

std::string QuantilePart(const std::vector<Interval>& at_quantiles) {
  const std::string text = ComparisonSentence(Between(kBetter, at_quantiles, 0.01), 1);
  const std::string start = "RegNetX against AnyNetXA: mean error -2.00 [-3.00, -1.00], ";
  const std::string end = ", KS 0.31, p = 0.01 (exact)";
  REQUIRE(text.size() > start.size() + end.size());
  CHECK(text.substr(0, start.size()) == start);
  CHECK(text.substr(text.size() - end.size()) == end);
  return text.substr(start.size(), text.size() - start.size() - end.size());
}

TEST_CASE("a space that is better throughout is said to be", "[comparison]") {
  Comparison comparison =
      Between({-2.1, -2.6, -1.7, 0.95}, std::vector<Interval>(7, kBetter), 3e-9);
  CHECK(ComparisonSentence(comparison, 15) ==
        "RegNetX against AnyNetXA: mean error -2.10 [-2.60, -1.70], better at every quantile, KS "
        "0.31, p < 1e-6 (exact, Holm over 15 comparisons)");
  comparison.method = KsMethod::kAsymptotic;
  comparison.p_adjusted = 2.34e-5;
  CHECK(ComparisonSentence(comparison, 1) ==
        "RegNetX against AnyNetXA: mean error -2.10 [-2.60, -1.70], better at every quantile, KS "
        "0.31, p = 2.3e-05 (asymptotic)");
}

TEST_CASE("quantiles are told by stretches where there are two and by lists where there are more",
          "[comparison]") {
  CHECK(QuantilePart(std::vector<Interval>(7, kWorse)) == "worse at every quantile");
  CHECK(QuantilePart(std::vector<Interval>(7, kEqual)) == "equal at every quantile");
  CHECK(QuantilePart(std::vector<Interval>(7, kOpen)) == "told apart at no quantile");
  CHECK(QuantilePart({kBetter, kBetter, kBetter, kBetter, kWorse, kWorse, kWorse}) ==
        "better up to the 50% quantile, worse beyond");
  CHECK(QuantilePart({kOpen, kWorse, kWorse, kWorse, kWorse, kWorse, kWorse}) ==
        "not told apart up to the 5% quantile, worse beyond");
  CHECK(QuantilePart({kBetter, kBetter, kOpen, kOpen, kOpen, kWorse, kOpen}) ==
        "better at the 5% and 10% quantiles, worse at the 90% quantile, not told apart at the "
        "25%, 50%, 75% and 95% quantiles");
}

TEST_CASE("a comparison that leaves all open says so", "[comparison]") {
  const Interval mean = {0.123, -0.4, 0.61, 0.95};
  CHECK(ComparisonSentence(Between(mean, std::vector<Interval>(7, kOpen), 0.71), 3) ==
        "RegNetX against AnyNetXA: mean error +0.12 [-0.40, +0.61], KS 0.31, p = 0.71 (exact, Holm "
        "over 3 comparisons): the test does "
        "not tell the two apart");
  // an end at 0 includes it, and what rounds to 0 has no sign
  CHECK(ComparisonSentence(Between({-0.2, -0.4, 0, 0.95}, {}, 1), 1) ==
        "RegNetX against AnyNetXA: mean error -0.20 [-0.40, 0.00], KS 0.31, p = 1 "
        "(exact): the test does not tell the two apart");
}

TEST_CASE("means that are not told apart do not hide a difference elsewhere", "[comparison]") {
  CHECK(ComparisonSentence(
            Between(kOpen, {kBetter, kBetter, kOpen, kOpen, kOpen, kOpen, kOpen}, 0.02), 1) ==
        "RegNetX against AnyNetXA: mean error +0.50 [-1.00, +2.00] (includes 0: the means are not "
        "told apart), better up to the 10% quantile, not told apart beyond, KS 0.31, p = 0.02 "
        "(exact)");
  CHECK(ComparisonSentence(Between(kOpen, std::vector<Interval>(7, kOpen), 0.001), 1) ==
        "RegNetX against AnyNetXA: mean error +0.50 [-1.00, +2.00] (includes 0: the means are not "
        "told apart), told apart at no quantile, KS 0.31, p = 0.001 (exact)");
}

TEST_CASE("a test that tells nothing apart is not overruled by intervals", "[comparison]") {
  // Bootstraps of single models have no width and would call every quantile better.
  const Interval certain{-5, -5, -5, 0.95};
  CHECK(
      ComparisonSentence(Between(certain, std::vector<Interval>(7, certain), 1), 1) ==
      "RegNetX against AnyNetXA: mean error -5.00, KS 0.31, p = 1 (exact): the test does not tell "
      "the two apart");
}

}  // namespace
}  // namespace dse::comparison_sentence_test
