#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace dse::native {

// A convolution with zero padding kernel/2, on images of one size.
struct ConvShape {
  int in = 0;   // channels
  int out = 0;  // channels
  int kernel = 1;
  int stride = 1;
  int groups = 1;
  int height = 0;  // of the input
  int width = 0;
  int out_height() const;
  int out_width() const;
};

// Computes a convolution one image at a time: pixels row by row, `in` or `out` floats a pixel
// without gaps. Made once for a shape, used by several threads, each with a scratch of its own.
class ConvKernel {
 public:
  virtual ~ConvKernel() = default;
  virtual std::string name() const = 0;        // "plain", "lane8", "gemm"
  virtual size_t packed_floats() const = 0;    // weights as Forward and BackwardData want them
  virtual size_t scratch_floats() const = 0;   // of each thread
  virtual size_t gradient_floats() const = 0;  // of the weights, in the kernel's own layout
  // `weight` is [out][in / groups][kernel][kernel].
  virtual void Pack(const float* weight, float* packed) const = 0;
  virtual void Forward(const float* packed, const float* x, float* y, float* scratch) const = 0;
  // Overwrites dx.
  virtual void BackwardData(const float* packed, const float* dy, float* dx,
                            float* scratch) const = 0;
  // Adds to the gradient.
  virtual void BackwardWeights(const float* x, const float* dy, float* gradient,
                               float* scratch) const = 0;
  // Overwrites dw, [out][in / groups][kernel][kernel].
  virtual void UnpackGradient(const float* gradient, float* dw) const = 0;
};

// The fastest there is for the shape.
std::unique_ptr<ConvKernel> MakeConvKernel(const ConvShape& shape);

}  // namespace dse::native
