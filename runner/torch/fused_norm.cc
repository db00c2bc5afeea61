#include "runner/torch/fused_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "runner/torch/cpu/norm_rows.h"

namespace dse {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

// The pieces a [rows, channels] matrix is summed and walked in: about 128 KB each, a function of
// the shape alone.
class RowChunks {
 public:
  explicit RowChunks(const at::Tensor& x) : layout_(x.size(1)), rows_(x.numel() / x.size(1)) {
    const int64_t wanted = std::max<int64_t>(64, 32768 / layout_.channels);
    chunk_rows_ = (wanted + layout_.repeat - 1) / layout_.repeat * layout_.repeat;
    count_ = (rows_ + chunk_rows_ - 1) / chunk_rows_;
  }

  const cpu::RowLayout& layout() const { return layout_; }
  int64_t rows() const { return rows_; }
  int64_t count() const { return count_; }

  // Calls body(chunk, rows, offset of its first element) for every chunk, on all threads.
  template <typename Body>
  void ForEach(const Body& body) const {
    at::parallel_for(0, count_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i * chunk_rows_;
        body(i, std::min(chunk_rows_, rows_ - first), first * layout_.channels);
      }
    });
  }

  // A value per channel, repeated to whole vectors.
  std::vector<float> Expand(const float* channels) const {
    std::vector<float> lanes(layout_.period);
    for (int64_t i = 0; i < layout_.repeat; ++i) {
      std::copy_n(channels, layout_.channels, lanes.data() + i * layout_.channels);
    }
    return lanes;
  }

 private:
  cpu::RowLayout layout_;
  int64_t rows_;
  int64_t chunk_rows_;
  int64_t count_;
};

// Two sums per channel, taken in float inside a chunk and in double over the chunks, in their
// order.
class ChannelSums {
 public:
  explicit ChannelSums(const RowChunks& chunks)
      : chunks_(chunks), lanes_(2 * chunks.count() * chunks.layout().period) {}

  float* first(int64_t chunk) { return lanes_.data() + 2 * chunk * chunks_.layout().period; }
  float* second(int64_t chunk) { return first(chunk) + chunks_.layout().period; }

  struct Pair {
    std::vector<double> first;
    std::vector<double> second;
  };
  Pair Total() const {
    const cpu::RowLayout& layout = chunks_.layout();
    Pair total{std::vector<double>(layout.channels), std::vector<double>(layout.channels)};
    const float* lane = lanes_.data();
    for (int64_t part = 0; part < 2 * chunks_.count(); ++part) {
      double* sums = part % 2 == 0 ? total.first.data() : total.second.data();
      for (int64_t i = 0; i < layout.repeat; ++i) {
        for (int64_t c = 0; c < layout.channels; ++c) sums[c] += *lane++;
      }
    }
    return total;
  }

 private:
  const RowChunks& chunks_;
  std::vector<float> lanes_;
};

void ApplyAll(const RowChunks& chunks, const at::Tensor& x, const at::Tensor& residual,
              const std::vector<float>& scale, const std::vector<float>& offset, bool relu,
              at::Tensor& y) {
  const float* xs = x.const_data_ptr<float>();
  const float* residuals = residual.defined() ? residual.const_data_ptr<float>() : nullptr;
  float* ys = y.mutable_data_ptr<float>();
  const std::vector<float> scales = chunks.Expand(scale.data());
  const std::vector<float> offsets = chunks.Expand(offset.data());
  chunks.ForEach([&](int64_t, int64_t rows, int64_t at) {
    cpu::BestNormRows().apply(chunks.layout(), rows, xs + at, residuals ? residuals + at : nullptr,
                              scales.data(), offsets.data(), relu, ys + at);
  });
}

struct BatchStatistics {
  at::Tensor mean;
  at::Tensor inverse_deviation;  // 1 / sqrt(biased variance + epsilon)
};

// Sums are of x minus the first row, so that they do not cancel where the mean is far from 0.
BatchStatistics TakeStatistics(const RowChunks& chunks, const at::Tensor& x, double momentum,
                               double epsilon, at::Tensor running_mean, at::Tensor running_var) {
  const float* xs = x.const_data_ptr<float>();
  const std::vector<float> shift = chunks.Expand(xs);
  ChannelSums sums(chunks);
  chunks.ForEach([&](int64_t chunk, int64_t rows, int64_t at) {
    cpu::BestNormRows().sums(chunks.layout(), rows, xs + at, shift.data(), sums.first(chunk),
                             sums.second(chunk));
  });
  const ChannelSums::Pair total = sums.Total();
  BatchStatistics statistics{at::empty_like(running_mean), at::empty_like(running_var)};
  float* means = statistics.mean.mutable_data_ptr<float>();
  float* inverses = statistics.inverse_deviation.mutable_data_ptr<float>();
  float* running_means = running_mean.mutable_data_ptr<float>();
  float* running_vars = running_var.mutable_data_ptr<float>();
  const double n = static_cast<double>(chunks.rows());
  const double unbias = n / std::max(1.0, n - 1);
  for (int64_t c = 0; c < chunks.layout().channels; ++c) {
    const double shifted = total.first[c] / n;
    double variance = total.second[c] / n - shifted * shifted;
    if (variance < 0) variance = 0;  // by rounding; NaN stays NaN
    const double mean = shift[c] + shifted;
    means[c] = static_cast<float>(mean);
    inverses[c] = static_cast<float>(1 / std::sqrt(variance + epsilon));
    running_means[c] += static_cast<float>(momentum * (mean - running_means[c]));
    running_vars[c] += static_cast<float>(momentum * (variance * unbias - running_vars[c]));
  }
  return statistics;
}

struct Affine {
  std::vector<float> scale;
  std::vector<float> offset;
};

// gamma * (x - mean) * inverse + beta as scale * x + offset.
Affine NormAsAffine(const at::Tensor& gamma, const at::Tensor& beta, const at::Tensor& mean,
                    const at::Tensor& inverse) {
  const int64_t channels = gamma.numel();
  Affine affine{std::vector<float>(channels), std::vector<float>(channels)};
  const float* gammas = gamma.const_data_ptr<float>();
  const float* betas = beta.const_data_ptr<float>();
  const float* means = mean.const_data_ptr<float>();
  const float* inverses = inverse.const_data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c) {
    affine.scale[c] = gammas[c] * inverses[c];
    affine.offset[c] = betas[c] - means[c] * affine.scale[c];
  }
  return affine;
}

// dx = a*g + b*x + d per channel, where g is the gradient of the normalised value.
struct InputGradient {
  std::vector<float> a, b, d;
  at::Tensor dgamma, dbeta;
};

// From dx = gamma * inverse * (g - mean(g) - xhat * mean(g * xhat)); `sums` are of g and g * (x -
// mean).
InputGradient DifferentiateNorm(const ChannelSums::Pair& sums, int64_t rows,
                                const at::Tensor& gamma, const at::Tensor& mean,
                                const at::Tensor& inverse) {
  const size_t channels = sums.first.size();
  const double n = static_cast<double>(rows);
  InputGradient result{std::vector<float>(channels), std::vector<float>(channels),
                       std::vector<float>(channels), at::empty_like(gamma), at::empty_like(gamma)};
  const float* gammas = gamma.const_data_ptr<float>();
  const float* means = mean.const_data_ptr<float>();
  const float* inverses = inverse.const_data_ptr<float>();
  float* dgammas = result.dgamma.mutable_data_ptr<float>();
  float* dbetas = result.dbeta.mutable_data_ptr<float>();
  for (size_t c = 0; c < channels; ++c) {
    const double slope = sums.second[c] * inverses[c];
    const double a = 1.0 * gammas[c] * inverses[c];
    const double b = -a * inverses[c] * slope / n;
    dgammas[c] = static_cast<float>(slope);
    dbetas[c] = static_cast<float>(sums.first[c]);
    result.a[c] = static_cast<float>(a);
    result.b[c] = static_cast<float>(b);
    result.d[c] = static_cast<float>(-a * sums.first[c] / n - b * means[c]);
  }
  return result;
}

// Normalisation by batch statistics, addition and ReLU as one node of the graph. Saves x and y;
// where ReLU cut is read off y > 0.
struct FusedNorm : torch::autograd::Function<FusedNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& gamma, const at::Tensor& beta,
                            const at::Tensor& running_mean, const at::Tensor& running_var,
                            const std::optional<at::Tensor>& addend, double momentum,
                            double epsilon, bool relu) {
    const at::Tensor x = input.contiguous(kChannelsLast);
    const at::Tensor residual = addend ? addend->contiguous(kChannelsLast) : at::Tensor();
    const RowChunks chunks(x);
    const BatchStatistics statistics =
        TakeStatistics(chunks, x, momentum, epsilon, running_mean, running_var);
    const Affine affine = NormAsAffine(gamma, beta, statistics.mean, statistics.inverse_deviation);
    at::Tensor y = at::empty_like(x, kChannelsLast);
    ApplyAll(chunks, x, residual, affine.scale, affine.offset, relu, y);
    context->save_for_backward(
        {x, relu ? y : at::Tensor(), gamma, statistics.mean, statistics.inverse_deviation});
    context->saved_data["residual"] = addend.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &y = saved[1], &gamma = saved[2], &mean = saved[3],
                     &inverse = saved[4];
    const at::Tensor dy = outputs[0].contiguous(kChannelsLast);
    const RowChunks chunks(x);
    const float* xs = x.const_data_ptr<float>();
    const float* ys = y.defined() ? y.const_data_ptr<float>() : nullptr;
    const float* dys = dy.const_data_ptr<float>();
    const std::vector<float> means = chunks.Expand(mean.const_data_ptr<float>());
    ChannelSums sums(chunks);
    chunks.ForEach([&](int64_t chunk, int64_t rows, int64_t at) {
      cpu::BestNormRows().gradient_sums(chunks.layout(), rows, dys + at, ys ? ys + at : nullptr,
                                        xs + at, means.data(), sums.first(chunk),
                                        sums.second(chunk));
    });

    const InputGradient of_input =
        DifferentiateNorm(sums.Total(), chunks.rows(), gamma, mean, inverse);

    const bool has_residual = context->saved_data["residual"].toBool();
    at::Tensor dx = at::empty_like(x, kChannelsLast);
    at::Tensor dresidual;
    if (has_residual) dresidual = y.defined() ? at::empty_like(x, kChannelsLast) : dy;
    float* dxs = dx.mutable_data_ptr<float>();
    float* dresiduals = has_residual && ys ? dresidual.mutable_data_ptr<float>() : nullptr;
    const std::vector<float> as = chunks.Expand(of_input.a.data());
    const std::vector<float> bs = chunks.Expand(of_input.b.data());
    const std::vector<float> ds = chunks.Expand(of_input.d.data());
    chunks.ForEach([&](int64_t, int64_t rows, int64_t at) {
      cpu::BestNormRows().gradient(chunks.layout(), rows, dys + at, ys ? ys + at : nullptr, xs + at,
                                   as.data(), bs.data(), ds.data(), dxs + at,
                                   dresiduals ? dresiduals + at : nullptr);
    });
    return {dx, of_input.dgamma, of_input.dbeta, {}, {}, dresidual, {}, {}, {}};
  }
};

// Evaluation: one pass with the running statistics. Builds no graph.
at::Tensor FusedEvaluate(const at::Tensor& input, const NormState& norm, const at::Tensor& addend,
                         bool relu) {
  const at::Tensor x = input.contiguous(kChannelsLast);
  const at::Tensor residual = addend.defined() ? addend.contiguous(kChannelsLast) : at::Tensor();
  const at::Tensor inverse = (norm.running_var + norm.epsilon).rsqrt();
  const Affine affine = NormAsAffine(norm.gamma, norm.beta, norm.running_mean, inverse);
  at::Tensor y = at::empty_like(x, kChannelsLast);
  ApplyAll(RowChunks(x), x, residual, affine.scale, affine.offset, relu, y);
  return y;
}

}  // namespace

After AfterNorm(Activation activation) {
  return activation == Activation::kRelu ? After::kRelu : After::kSwish;
}

at::Tensor Activate(const at::Tensor& x, After after) {
  switch (after) {
    case After::kRelu:
      return at::relu(x);
    case After::kSwish:
      return at::silu(x);
    case After::kNothing:
      break;
  }
  return x;
}

at::Tensor PlainNormAddActivate(const at::Tensor& x, const NormState& norm,
                                const at::Tensor& residual, After after, bool training) {
  at::Tensor y =
      at::batch_norm(x, norm.gamma, norm.beta, norm.running_mean, norm.running_var, training,
                     norm.momentum, norm.epsilon, at::globalContext().userEnabledCuDNN());
  if (residual.defined()) y = y + residual;
  return Activate(y, after);
}

at::Tensor NormAddActivate(const at::Tensor& x, const NormState& norm, const at::Tensor& residual,
                           After after, bool training) {
  const bool fused = x.is_cpu() && x.scalar_type() == at::kFloat && after != After::kSwish &&
                     x.dim() == 4 && x.numel() > 0 && (training || !at::GradMode::is_enabled());
  if (!fused) return PlainNormAddActivate(x, norm, residual, after, training);
  const bool relu = after == After::kRelu;
  if (!training) return FusedEvaluate(x, norm, residual, relu);
  return FusedNorm::apply(x, norm.gamma, norm.beta, norm.running_mean, norm.running_var,
                          residual.defined() ? std::optional<at::Tensor>(residual) : std::nullopt,
                          norm.momentum, norm.epsilon, relu);
}

}  // namespace dse
