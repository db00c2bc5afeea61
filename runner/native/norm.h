#pragma once

#include <vector>

#include "runner/native/float_array.h"
#include "runner/native/kernels/rows.h"
#include "runner/training/network_plan.h"

namespace dse::native {

inline constexpr double kNormEpsilon = 1e-5;

// A normalisation of one channel after another, with what it remembers of a pass. Sums are taken
// chunk by chunk of the images, each chunk by one thread; the rest is for one thread alone.
class Norm {
 public:
  // gamma and beta are read whenever a pass is finished.
  Norm(int channels, int replicas, const float* gamma, const float* beta);

  // What it keeps with one replica.
  static size_t Bytes(int channels);

  struct Running {
    std::vector<float> mean;  // from 0
    std::vector<float> var;   // unbiased, from 1
  };
  std::vector<Running>& running() { return running_; }  // of each replica
  const std::vector<Running>& running() const { return running_; }
  // Means of the last batch, and its unbiased variances.
  const std::vector<double>& batch_mean() const { return batch_mean_; }
  const std::vector<double>& batch_var() const { return batch_var_; }

  // Sums of either direction, before the first image of a chunk.
  void ClearSums(int chunk);

  // Forward, an image of the chunk or a band of one; `image_sums` is scratch of two a channel.
  // Floats are summed less its first pixel, so that they do not cancel where the mean is far from
  // 0, and doubles as they are: a function of the image alone, whatever came before.
  void AddOutput(int chunk, size_t pixels, const float* y, double* image_sums);
  // After all images: normalises by the batch, whose share in the replica's running statistics is
  // `momentum`.
  void FinishForward(int chunks, int replica, double pixels, double momentum);
  // Normalises by running statistics.
  void UseRunning(int replica);
  // z = gamma * (y - mean) / deviation + beta = scale * y + offset.
  const float* scale() const { return scale_.data(); }
  const float* offset() const { return offset_.data(); }

  // Backward, an image of the chunk or a band of one, from its sums, two a channel: of the gradient
  // g by z and of g * (y - mean), all of them to be taken `factor` times.
  const float* mean() const { return mean_.data(); }
  void AddGradient(int chunk, const double* image_sums, float factor);
  // After all images: adds to the gradients of gamma and beta.
  void FinishBackward(int chunks, double pixels, float* dgamma, float* dbeta);
  // dy = the gradient by y; factor * g is that by z. Scratch is one a channel.
  void Differentiate(size_t pixels, const float* g, float factor, const float* y, float* scratch,
                     float* dy) const;

 private:
  RowsShape rows(size_t pixels) const { return {pixels, static_cast<int>(channels_)}; }
  double* sums(int chunk) { return sums_.data() + 2 * channels_ * static_cast<size_t>(chunk); }
  void TotalSums(int chunks);
  void SetScale(size_t c, double mean, double inverse);

  const size_t channels_;
  const float* gamma_;
  const float* beta_;
  std::vector<Running> running_;
  std::vector<double> sums_;  // [chunk][2][channels]
  std::vector<double> batch_mean_, batch_var_;
  std::vector<double> inverse_;  // 1 / deviation
  FloatArray mean_;              // of the batch
  FloatArray scale_, offset_;    // z = scale y + offset
  FloatArray a_, b_, d_;         // dy = a g + b y + d
};

}  // namespace dse::native
