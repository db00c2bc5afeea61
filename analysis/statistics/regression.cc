#include "analysis/statistics/regression.h"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>

#include "analysis/statistics/distribution_quantiles.h"
#include "core/error.h"

namespace dse {
namespace {

enum class Term { kOne, kLinear, kSqrt };

std::vector<Term> TermsOf(TrendForm form) {
  switch (form) {
    case TrendForm::kSqrt:
      return {Term::kSqrt};
    case TrendForm::kLinear:
      return {Term::kOne, Term::kLinear};
    case TrendForm::kLinearSqrt:
      return {Term::kLinear, Term::kSqrt};
  }
  throw Error("internal: a trend of no form");
}

double TermAt(Term term, double f) {
  if (term == Term::kOne) return 1;
  return term == Term::kLinear ? f : std::sqrt(f);
}

void RequireFitInput(TrendForm form, std::span<const double> f, std::span<const double> y) {
  if (f.size() != y.size()) throw Error("a trend needs one value of y for each of f");
  for (std::span<const double> numbers : {f, y}) {
    for (double number : numbers) {
      if (!std::isfinite(number)) throw Error("a trend needs finite numbers");
    }
  }
  const bool negative = std::any_of(f.begin(), f.end(), [](double value) { return value < 0; });
  if (negative && form != TrendForm::kLinear) {
    throw Error("a trend with a square root needs values that are not negative");
  }
}

}  // namespace

std::optional<Regression> FitTrend(TrendForm form, std::span<const double> f,
                                   std::span<const double> y, double level) {
  constexpr double kLeastSpread = 1e-8;
  RequireFitInput(form, f, y);
  const std::vector<Term> terms = TermsOf(form);
  const auto n = static_cast<Eigen::Index>(f.size());
  const auto count = static_cast<Eigen::Index>(terms.size());
  if (n <= count) return {};
  if (std::all_of(y.begin(), y.end(), [y](double value) { return value == y[0]; })) return {};

  Eigen::MatrixXd columns(n, count);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index c = 0; c < count; ++c) {
      columns(i, c) = TermAt(terms[static_cast<size_t>(c)], f[static_cast<size_t>(i)]);
    }
  }
  const Eigen::VectorXd norms = columns.colwise().norm();
  if (norms.minCoeff() == 0) return {};
  columns.array().rowwise() /= norms.transpose().array();
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr;
  qr.setThreshold(kLeastSpread);
  qr.compute(columns);
  if (qr.rank() < count) return {};

  const Eigen::Map<const Eigen::VectorXd> values(y.data(), n);
  const Eigen::VectorXd solution = qr.solve(values);
  const double sse = (values - columns * solution).squaredNorm();
  const double spread = (values.array() - values.mean()).matrix().squaredNorm();
  const double residual_sd = std::sqrt(sse / static_cast<double>(n - count));
  // (X'X)^-1 = (P R^-1)(P R^-1)'
  const Eigen::MatrixXd inverse = qr.matrixQR().topRows(count).triangularView<Eigen::Upper>().solve(
      Eigen::MatrixXd::Identity(count, count));
  const Eigen::MatrixXd unpivoted = qr.colsPermutation() * inverse;
  const double t = StudentQuantile(level, static_cast<double>(n - count));
  Regression regression{.form = form,
                        .n = static_cast<int64_t>(n),
                        .coefficients = {},
                        .r_squared = 1 - sse / spread,
                        .residual_sd = residual_sd};
  for (Eigen::Index c = 0; c < count; ++c) {
    const double point = solution(c) / norms(c);
    const double half = t * residual_sd * unpivoted.row(c).norm() / norms(c);
    regression.coefficients.push_back({point, point - half, point + half, level});
  }
  return regression;
}

double PredictTrend(const Regression& regression, double f) {
  const std::vector<Term> terms = TermsOf(regression.form);
  double sum = 0;
  for (size_t c = 0; c < terms.size(); ++c) {
    sum += regression.coefficients[c].point * TermAt(terms[c], f);
  }
  return sum;
}

}  // namespace dse
