#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "runner/native/kernels/prefetcher.h"

namespace dse {

// Rows above and below those of a band of an image.
struct Margins {
  int above = 0, below = 0;
};

// A convolution without bias, zero padding kernel/2 on every side. `in` and `out` are multiples of
// `groups`, the sizes at least 1.
struct ConvShape {
  int in = 0, out = 0;  // channels
  int kernel = 1, stride = 1, groups = 1;
  int height = 0, width = 0;  // of the input
  int out_height() const { return (height + kernel / 2 * 2 - kernel) / stride + 1; }
  int out_width() const { return (width + kernel / 2 * 2 - kernel) / stride + 1; }
  size_t x_row_floats() const { return size_t(width) * in; }
  size_t y_row_floats() const { return size_t(out_width()) * out; }
  size_t weights() const { return size_t(out) * (in / groups) * kernel * kernel; }
  // Rows of x, and of dy, that a band of y, and of dx, is made from beside its own; the band's rows
  // of x are a multiple of the stride.
  Margins x_margins() const { return {kernel / 2, std::max(0, kernel - kernel / 2 - stride)}; }
  Margins dy_margins() const {
    const int pad = kernel / 2;
    return {pad / stride, (pad + stride - 1) / stride};
  }
};

// What a kernel reads: the rows of an image, or of a band, beside which more rows of the image lie.
struct ConvInput {
  ConvInput(const float* first_row, const Margins& rows_beside = {})
      : rows(first_row), margins(rows_beside) {}
  const float* rows;
  Margins margins;
};

// What a thread brings to a kernel.
struct KernelWork {
  float* scratch = nullptr;  // what it holds does not matter
  Prefetcher prefetcher;
};

// Part `number` of `count` parts.
struct KernelPart {
  int number = 0;
  int count = 1;
  // Of so many things those from the first to that behind the last.
  int first(int things) const { return Begin(things, number); }
  int end(int things) const { return Begin(things, number + 1); }

 private:
  int Begin(int things, int part) const { return int(int64_t(things) * part / count); }
};

// Computes one convolution, an image or a band of its rows at a time. Images are height x width x
// channels floats without gaps. Made once for a shape and used by several threads, each with its
// own work. Every pointer is aligned to 64 bytes, and 64 bytes behind each buffer may be read
// (never written). The same input gives the same bytes on one instruction set.
class ConvKernel {
 public:
  virtual ~ConvKernel() = default;
  virtual std::string name() const = 0;        // the formulation: "plain", "lane8", "gemm"
  virtual size_t packed_floats() const = 0;    // weights as Forward and BackwardData want them
  virtual size_t scratch_floats() const = 0;   // of each thread
  virtual size_t gradient_floats() const = 0;  // of the weights, in the kernel's own layout
  // Whether x's margins are read, and dy's; else they must be none, as beside a whole image.
  virtual bool reads_x_margins() const { return false; }
  virtual bool reads_dy_margins() const { return false; }
  // weight: out x in/groups x kernel x kernel
  virtual void Pack(const float* weight, float* packed) const = 0;
  virtual void Forward(const float* packed, const ConvInput& x, float* y,
                       KernelWork& work) const = 0;
  // Overwrites dx.
  virtual void BackwardData(const float* packed, const ConvInput& dy, float* dx,
                            KernelWork& work) const = 0;
  // Adds to the gradient.
  virtual void BackwardWeights(const ConvInput& x, const float* dy, float* gradient,
                               KernelWork& work) const = 0;
  // Adds to dw, as `weight` of Pack, of a part of the outputs or of groups. Parts may be empty.
  virtual void UnpackGradient(const float* gradient, const KernelPart& part, float* dw) const = 0;
};

// Results differ from exact ones by about so much of the largest value.
enum class ConvAccuracy {
  kDirect,  // 1e-6
  kFast,    // 2e-5, where Winograd's transforms make a 3x3 convolution up to three times faster
};

// The fastest there is for the shape on this processor.
std::unique_ptr<ConvKernel> MakeConvKernel(const ConvShape& shape,
                                           ConvAccuracy accuracy = ConvAccuracy::kFast);

}  // namespace dse
