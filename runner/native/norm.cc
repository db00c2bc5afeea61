#include "runner/native/norm.h"

#include <algorithm>
#include <cmath>

#include "runner/native/step_plan.h"

namespace dse::native {

Norm::Norm(int channels, int replicas, const float* gamma, const float* beta)
    : channels_(static_cast<size_t>(channels)), gamma_(gamma), beta_(beta) {
  running_.resize(static_cast<size_t>(replicas));
  for (Running& running : running_) {
    running.mean.assign(channels_, 0.0f);
    running.var.assign(channels_, 1.0f);
  }
  sums_.resize(2 * channels_ * kMostChunks);
  batch_mean_.resize(channels_);
  batch_var_.resize(channels_);
  inverse_.resize(channels_);
  for (FloatArray* values : {&mean_, &scale_, &offset_, &a_, &b_, &d_}) {
    *values = FloatArray(channels_);
  }
}

size_t Norm::Bytes(int channels) {
  const size_t doubles = 2 * size_t{kMostChunks} + 3;  // sums; batch and inverse
  const size_t floats = 6 + 2;                         // vectors; running
  return static_cast<size_t>(channels) * (doubles * sizeof(double) + floats * sizeof(float));
}

void Norm::ClearSums(int chunk) { std::fill_n(sums(chunk), 2 * channels_, 0.0); }

// Leaves the sums of all chunks in the first one's.
void Norm::TotalSums(int chunks) {
  double* const total = sums(0);
  for (int chunk = 1; chunk < chunks; ++chunk) {
    const double* const part = sums(chunk);
    for (size_t i = 0; i < 2 * channels_; ++i) total[i] += part[i];
  }
}

void Norm::SetScale(size_t c, double mean, double inverse) {
  const auto scale = static_cast<float>(gamma_[c] * inverse);
  scale_.data()[c] = scale;
  offset_.data()[c] = static_cast<float>(beta_[c] - mean * scale);
}

void Norm::AddOutput(int chunk, size_t pixels, const float* y, double* image_sums) {
  std::fill_n(image_sums, 2 * channels_, 0.0);
  AddSums(y, rows(pixels), /*shift=*/y, image_sums, image_sums + channels_);
  double* const total = sums(chunk);
  const auto n = static_cast<double>(pixels);
  for (size_t c = 0; c < channels_; ++c) {
    const double shift = y[c], shifted = image_sums[c];
    total[c] += shifted + n * shift;
    total[channels_ + c] += image_sums[channels_ + c] + shift * (2 * shifted + n * shift);
  }
}

void Norm::FinishForward(int chunks, int replica, double pixels, double momentum) {
  TotalSums(chunks);
  const double* const total = sums(0);
  Running& running = running_[replica];
  const double unbias = pixels / std::max(1.0, pixels - 1);
  for (size_t c = 0; c < channels_; ++c) {
    batch_mean_[c] = total[c] / pixels;
    double variance = total[channels_ + c] / pixels - batch_mean_[c] * batch_mean_[c];
    if (variance < 0) variance = 0;  // by rounding; what is no number stays
    batch_var_[c] = variance * unbias;
    mean_.data()[c] = static_cast<float>(batch_mean_[c]);
    inverse_[c] = 1 / std::sqrt(variance + kNormEpsilon);
    SetScale(c, batch_mean_[c], inverse_[c]);
    running.mean[c] += static_cast<float>(momentum * (batch_mean_[c] - running.mean[c]));
    running.var[c] += static_cast<float>(momentum * (batch_var_[c] - running.var[c]));
  }
}

void Norm::UseRunning(int replica) {
  const Running& running = running_[replica];
  for (size_t c = 0; c < channels_; ++c) {
    SetScale(c, running.mean[c], 1 / std::sqrt(running.var[c] + kNormEpsilon));
  }
}

void Norm::AddGradient(int chunk, const double* image_sums, float factor) {
  double* const total = sums(chunk);
  for (size_t i = 0; i < 2 * channels_; ++i) total[i] += factor * image_sums[i];
}

// From dy = gamma / deviation * (g - mean(g) - xhat * mean(g * xhat)) with xhat = (y - mean) /
// deviation; the sums are of g and of g * (y - mean).
void Norm::FinishBackward(int chunks, double pixels, float* dgamma, float* dbeta) {
  TotalSums(chunks);
  const double* const total = sums(0);
  for (size_t c = 0; c < channels_; ++c) {
    const double slope = total[channels_ + c] * inverse_[c];
    const double a = gamma_[c] * inverse_[c];
    const double b = -a * inverse_[c] * slope / pixels;
    a_.data()[c] = static_cast<float>(a);
    b_.data()[c] = static_cast<float>(b);
    d_.data()[c] = static_cast<float>(-a * total[c] / pixels - b * batch_mean_[c]);
    dgamma[c] += static_cast<float>(slope);
    dbeta[c] += static_cast<float>(total[c]);
  }
}

void Norm::Differentiate(size_t pixels, const float* g, float factor, const float* y,
                         float* scratch, float* dy) const {
  const float* a = a_.data();
  if (factor != 1) {
    for (size_t c = 0; c < channels_; ++c) scratch[c] = factor * a_.data()[c];
    a = scratch;
  }
  Combine(g, y, rows(pixels), a, b_.data(), d_.data(), dy);
}

}  // namespace dse::native
