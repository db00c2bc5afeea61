#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/model.h"

namespace dse {

// What the paper measures of a network; exact integers, counted without building it.
// flops are multiply-adds; acts are the output elements of convolutions, pooling and linear layers.
// A k x k convolution to an h x w output: flops k*k*w_in*w_out*h*w/groups (+ w_out*h*w with bias),
// params k*k*w_in*w_out/groups (+ w_out), acts w_out*h*w; BN 2w params and nothing else;
// squeeze-and-excitation two biased 1x1 convolutions at 1x1; global pooling nothing.
struct Complexity {
  int64_t flops = 0;
  int64_t params = 0;
  int64_t acts = 0;

  Complexity& operator+=(const Complexity& other) {
    flops += other.flops;
    params += other.params;
    acts += other.acts;
    return *this;
  }
  friend bool operator==(const Complexity&, const Complexity&) = default;
};

// One stage, split where its blocks differ.
struct StageComplexity {
  int output_resolution = 0;
  Complexity first;   // the block with the stride
  Complexity others;  // each further block
  Complexity total;
};

struct ComplexityBreakdown {
  int stem_resolution = 0;  // of its output
  Complexity stem;
  std::vector<StageComplexity> stages;
  Complexity head;
  Complexity total;
};

// O(stages), allocates nothing. Stages must be resolved.
Complexity CountComplexity(const Frame& frame, std::span<const Stage> stages);
Complexity CountComplexity(const Model& model);

// The multiply-adds of a stage as a function of its input width w_in and its depth:
// first + first_per_input * w_in + repeated * (depth - 1), unless the stride is 1 and w_in is the
// stage's own width (there is no projection then).
struct StageFlops {
  int64_t first = 0;
  int64_t first_per_input = 0;
  int64_t repeated = 0;
};

// Nothing for blocks with squeeze-and-excitation, whose width is no linear function of w_in.
std::optional<StageFlops> FlopsOfStage(const Frame& frame, const Stage& stage,
                                       int input_resolution);

// The multiply-adds of a network as its stages become known, for callers that can stop early.
// Stages must be resolved. The frame must outlive the object.
class PartialFlops {
 public:
  explicit PartialFlops(const Frame& frame);
  void Add(const Stage& stage);
  // The same with what FlopsOfStage says of it.
  void Add(const Stage& stage, const StageFlops& known) {
    if (stage.stride == 1 && width_ == stage.width) return Add(stage);
    flops_ += known.first + known.first_per_input * width_ + known.repeated * (stage.depth - 1);
    width_ = stage.width;
    if (stage.stride == 2) resolution_ = (resolution_ + 1) / 2;
  }
  int64_t so_far() const { return flops_; }  // stem and stages
  int64_t WithHead() const;                  // of the network that ends here
  int resolution() const { return static_cast<int>(resolution_); }

 private:
  const Frame* frame_;
  int64_t width_ = 0;
  int64_t resolution_ = 0;
  int64_t flops_ = 0;
};

ComplexityBreakdown BreakDownComplexity(const Model& model);

}  // namespace dse
