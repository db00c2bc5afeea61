#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runner/native/buffer_plan.h"
#include "runner/native/kernels/conv_kernel.h"
#include "runner/native/kernels/rows.h"
#include "runner/native/max_pool.h"
#include "runner/training/network_plan.h"

namespace dse::native {

// A convolution, or a matrix product as one on an image of a single pixel.
struct ConvStep {
  std::string name;  // "trunk_output.block1.block1-0.f.a"
  int weight = -1;   // numbers of parameters
  int bias = -1;     // added, and differentiated, by who runs it
  ConvShape shape;
  std::unique_ptr<ConvKernel> kernel;  // for one band of its layer
  size_t packed = 0;                   // where its packed weights begin
  size_t gradient = 0;  // where its gradient begins among those of a chunk; the bias's is behind it

  size_t bias_gradient() const { return gradient + kernel->gradient_floats(); }
  size_t gradient_floats() const { return kernel->gradient_floats() + (bias < 0 ? 0 : shape.out); }
  size_t in_floats() const { return size_t{1} * shape.height * shape.width * shape.in; }
  size_t out_floats() const { return pixels() * shape.out; }
  size_t pixels() const { return size_t{1} * shape.out_height() * shape.out_width(); }
  int64_t multiply_adds() const;  // of an image, forward
};

// A convolution with its normalisation.
struct UnitStep {
  int conv = -1;
  const NormPlan* norm = nullptr;
  RowActivation after = RowActivation::kIdentity;  // of a unit inside a block
  int drops = -1;                                  // the residual block whose branch it ends, or -1
  BufferId output = -1;                            // of the convolution
  BufferId gradient = -1;  // of the loss, by what the normalisation answers (and, at the end
                           // of a branch, by what is added to the shortcut)
};

// A place where the network's main line is whole: behind the stem, behind each block, behind the
// 1x1 before pooling. z = normalised unit, plus, in a residual block, its shortcut; the value is z
// activated, and behind the resnet stem pooled.
struct JoinStep {
  int unit = -1;
  int projection = -1;  // unit of the shortcut, or
  int shortcut = -1;    // the join it comes from, or neither
  RowActivation after = RowActivation::kIdentity;
  bool pooled = false;     // by a 3x3 maximum of stride 2
  size_t pixels = 0;       // of the value
  BufferId value = -1;     // written by who reads it first; -1 where nobody reads it again or
                           // where it is as soon made again
  BufferId gradient = -1;  // by z

  // Whether the value shows where ReLU let z through.
  bool knows_slope() const { return after == RowActivation::kRelu && value >= 0 && !pooled; }
};

// Squeeze-and-excitation of what a layer reads: reduce, activation, expand, sigmoid.
struct SqueezeStep {
  int reduce = -1;  // convs
  int expand = -1;
  RowActivation after = RowActivation::kIdentity;
  BufferId mean = -1;    // over pixels
  BufferId hidden = -1;  // before its activation
  BufferId gate = -1;
};

// Units that read the same: one, and the projection beside the first of a block. A phase forward
// and one backward.
struct LayerStep {
  // One of them, or neither: then it reads the images.
  int unit = -1;     // activated
  int join = -1;     // its value
  int squeeze = -1;  // of the unit it reads
  std::vector<int> units;
  std::vector<int> convs;      // of the units and the squeeze
  int identity = -1;           // the join whose gradient is added to what it reads: the shortcut's
  int bands = 1;               // of rows, equal ones, that are taken one after another: what all
                               // passes over one read and write stays in the cache
  int chunks = 1;              // in which gradients are summed
  size_t gradient_floats = 0;  // of a chunk
  // Large values that its phases read and write, about in the order of their use.
  std::vector<BufferId> forward, backward;

  bool reads_images() const { return unit < 0 && join < 0; }
};

// The head: mean over pixels, linear layer, loss; and backward down to the last join.
struct HeadStep {
  int join = -1;
  int conv = -1;
  int chunks = 1;
  int images = 1;                      // that training takes at once, neighbours of a chunk
  std::unique_ptr<ConvKernel> kernel;  // of so many pixels, with the packed weights of `conv`
};

// What a step on at most `images` images computes, in which order and in which memory; a function
// of the network, of that number and of the processor's instructions. Sums over images are taken in
// chunks of neighbours, these in their order: results have the same bytes for every number of
// threads.
//
// Phases: layer l forward is phase l of L, the head L, layer l backward 2 L - l. Before a phase
// begins, all images have gone through the one before.
struct StepPlan {
  const NetworkPlan* network = nullptr;  // must outlive it
  bool learns = true;                    // else the phases end with the head
  int images = 0;
  std::vector<ConvStep> convs;
  std::vector<UnitStep> units;
  std::vector<JoinStep> joins;
  std::vector<SqueezeStep> squeezes;
  std::vector<LayerStep> layers;
  HeadStep head;
  BufferPlan buffers;

  size_t learned_floats = 0;  // parameters, each in whole vectors
  size_t packed_floats = 0;
  size_t gradient_floats = 0;  // of all chunks of the phase that has most
  size_t image_floats = 0;     // of the largest value of an image, or of the head's
  size_t kernel_floats = 0;    // of the largest scratch
  int channels = 0;            // of the widest value
  size_t norm_bytes = 0;       // of all normalisations

  int phases() const {
    return static_cast<int>(learns ? 2 * layers.size() + 1 : layers.size() + 1);
  }
  size_t channel_floats() const;  // of the widest value, in whole vectors
  // Scratch of each thread.
  size_t worker_floats() const;
  // Of all images: the 8-bit pixels of a batch.
  size_t pixel_bytes() const;
  // All that a step takes but the scratch of its threads: buffers, pixels, packed weights, sums of
  // gradients and of normalisations, and parameters with their gradients and the momenta of SGD;
  // other recipes keep up to two arrays more. Within 5% of what is allocated.
  size_t shared_bytes() const;
  const ConvStep& conv_of(const UnitStep& unit) const { return convs[unit.conv]; }
  // What a pooled join's values are before.
  PoolShape pool_of(const JoinStep& join) const {
    const ConvShape& shape = conv_of(units[join.unit]).shape;
    return {shape.out_height(), shape.out_width(), shape.out};
  }
};

StepPlan PlanStep(const NetworkPlan& network, int images, bool learns);

// The most chunks of a sum over images.
inline constexpr int kMostChunks = 16;

}  // namespace dse::native
