#pragma once

#include <vector>

#include "runner/native/float_array.h"
#include "runner/native/norm.h"
#include "runner/native/parameters.h"
#include "runner/native/step_plan.h"

namespace dse::native {

// Scratch of one thread, for one image at a time; the head's for a few.
struct alignas(64) Worker {
  // A value of an image each, or what the head has of its images.
  float* input = nullptr;  // what a layer reads
  float* open = nullptr;   // what a squeeze reads, before its gate; the head's features
  float* dy = nullptr;     // gradient by a convolution's output
  float* dx = nullptr;     // gradient by what a layer reads
  float* side = nullptr;
  float* scale = nullptr;   // one a channel
  float* offset = nullptr;  // one a channel
  KernelWork kernel;
  std::vector<double> sums;  // two a channel
};

// The memory of a plan, made once: nothing is allocated in a step.
class StepState {
 public:
  // Values of `slots` images at once. Plan and parameters must outlive it. Throws std::bad_alloc.
  StepState(const StepPlan& plan, Parameters& parameters, int replicas, int slots, int workers);

  const StepPlan& plan() const { return plan_; }
  Parameters& parameters() { return parameters_; }
  Norm& norm(int unit) { return norms_[static_cast<size_t>(unit)]; }
  Worker& worker(int thread) { return workers_[static_cast<size_t>(thread)]; }

  // All of an image's values lie together: images may be in different phases.
  float* value(BufferId id, int slot) {
    return values_.data() + plan_.buffers.floats() * static_cast<size_t>(slot) +
           plan_.buffers[id].offset;
  }
  float* packed(const ConvStep& conv) { return packed_.data() + conv.packed; }
  // Gradients that a chunk of the present phase adds up, of `floats` in all.
  float* chunk_gradients(int chunk, size_t floats) {
    return chunk_gradients_.data() + floats * static_cast<size_t>(chunk);
  }
  // As many as the widest value has channels.
  const float* zeros() const { return zeros_.data(); }
  const float* ones() const { return ones_.data(); }

 private:
  const StepPlan& plan_;
  Parameters& parameters_;
  std::vector<Norm> norms_;  // of the units
  FloatArray values_;
  FloatArray packed_;
  FloatArray chunk_gradients_;
  FloatArray zeros_, ones_;
  FloatArray scratch_;
  std::vector<Worker> workers_;
};

// One mean a channel. Uses the worker's sums.
void MeanOfPixels(StepState& state, const RowsShape& shape, const float* x, Worker& worker,
                  float* mean);
// y = W x + bias, on a single pixel.
void RunDense(StepState& state, const ConvStep& conv, const float* x, float* y, Worker& worker);
// The gradients by weight and bias are added to a chunk's, that by x is written.
void DifferentiateDense(StepState& state, const ConvStep& conv, const float* x, const float* dy,
                        float* chunk_gradients, float* dx, Worker& worker);

}  // namespace dse::native
