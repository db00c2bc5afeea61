#include "sampler/word_table.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/rng.h"
#include "tests/sampler/chi_square.h"

namespace dse::word_table_test {
namespace {

Distribution LogUniform(double low, double high, double step) {
  return {DistributionKind::kLogUniform, low, high, step, {}};
}

// Exact probabilities of a log-uniform distribution: shares of log(high/l) between multiples.
std::vector<double> LogUniformProbabilities(const Distribution& d) {
  const std::vector<double> values = Support(d);
  double before = d.low - std::min(d.step, d.low / 2);
  const double all = std::log(d.high / before);
  std::vector<double> probabilities;
  for (const double value : values) {
    probabilities.push_back(std::log(value / before) / all);
    before = value;
  }
  return probabilities;
}

void CheckAgreement(const Distribution& distribution) {
  const WordTable table(distribution);
  RandomStream random(17, 0);
  int64_t wrong = 0;
  const auto check = [&](uint32_t word) {
    const double u = (static_cast<double>(word) + 0.5) * 0x1p-32;
    wrong += table.Index(word) != IndexAt(distribution, u);
  };
  for (int i = 0; i < 100'000; ++i) check(random.NextWord());
  // Both sides of every boundary between two values, and both ends.
  check(0);
  check(0xFFFFFFFF);
  for (size_t i = 0; i + 1 < table.values().size(); ++i) {
    uint64_t low = 0;
    uint64_t high = 0xFFFFFFFF;
    while (high - low > 1) {
      const uint64_t middle = (low + high) / 2;
      (table.Index(static_cast<uint32_t>(middle)) <= i ? low : high) = middle;
    }
    for (uint64_t word = low - 1; word <= high + 1; ++word) check(static_cast<uint32_t>(word));
  }
  CHECK(wrong == 0);
}

TEST_CASE("A look-up on a word is the distribution's formula at the middle of the word") {
  CheckAgreement(LogUniform(1, 16, 1));
  CheckAgreement(LogUniform(8, 1024, 8));
  CheckAgreement(LogUniform(8, 256, 0.1));
  CheckAgreement(LogUniform(1.5, 3, 0.001));
  CheckAgreement({DistributionKind::kUniform, 1, 63, 1, {}});
  CheckAgreement({DistributionKind::kUniform, 0.1, 6000, 0.1, {}});
  CheckAgreement({DistributionKind::kPowerOfTwo, 1, 32, 0, {}});
  CheckAgreement({DistributionKind::kChoice, 0, 0, 0, {7, 3, 5}});
  CheckAgreement({DistributionKind::kFixed, 4, 4, 0, {}});
}

TEST_CASE("Draws by look-up follow the exact probabilities") {
  const auto check = [](const Distribution& distribution,
                        const std::vector<double>& probabilities) {
    const WordTable table(distribution);
    std::vector<int64_t> counts(probabilities.size());
    RandomStream random(2020, 3);
    for (int i = 0; i < 1'000'000; ++i) ++counts[table.Index(random.NextWord())];
    CHECK(ChiSquare(counts, probabilities) < ChiSquareBound(counts.size()));
  };
  const Distribution depth = LogUniform(1, 16, 1);
  check(depth, LogUniformProbabilities(depth));
  CHECK(LogUniformProbabilities(depth)[0] == Approx(0.2));
  const Distribution width = LogUniform(8, 1024, 8);
  check(width, LogUniformProbabilities(width));
  const Distribution wa = LogUniform(8, 256, 0.1);
  check(wa, LogUniformProbabilities(wa));
  const Distribution wm = LogUniform(1.5, 3, 0.001);
  check(wm, LogUniformProbabilities(wm));
  check({DistributionKind::kUniform, 1, 63, 1, {}}, std::vector<double>(63, 1.0 / 63));
  check({DistributionKind::kPowerOfTwo, 1, 32, 0, {}}, std::vector<double>(6, 1.0 / 6));
  check({DistributionKind::kChoice, 0, 0, 0, {7, 3, 5}}, std::vector<double>(3, 1.0 / 3));
}

}  // namespace
}  // namespace dse::word_table_test
