#include "runner/native/step_state.h"

#include <algorithm>
#include <utility>

namespace dse::native {

StepState::StepState(const StepPlan& plan, Parameters& parameters, int replicas, int slots,
                     int workers)
    : plan_(plan),
      parameters_(parameters),
      values_(plan.buffers.floats() * static_cast<size_t>(slots)),
      packed_(plan.packed_floats),
      zeros_(static_cast<size_t>(plan.channels)),
      ones_(static_cast<size_t>(plan.channels)),
      scratch_(plan.worker_floats() * static_cast<size_t>(workers)) {
  std::ranges::fill(ones_, 1.0f);
  if (plan.learns) chunk_gradients_ = FloatArray(plan.gradient_floats);
  norms_.reserve(plan.units.size());
  for (const UnitStep& unit : plan.units) {
    norms_.emplace_back(unit.norm->channels, replicas, parameters.value(unit.norm->gamma),
                        parameters.value(unit.norm->beta));
  }
  float* next = scratch_.data();
  const auto take = [&](size_t floats) { return std::exchange(next, next + floats); };
  workers_.resize(static_cast<size_t>(workers));
  for (Worker& worker : workers_) {
    for (float** area : {&worker.input, &worker.open, &worker.dy, &worker.dx, &worker.side}) {
      *area = take(plan.image_floats);
    }
    worker.scale = take(plan.channel_floats());
    worker.offset = take(plan.channel_floats());
    worker.kernel.scratch = take(plan.kernel_floats);
    worker.sums.resize(2 * static_cast<size_t>(plan.channels));
  }
}

size_t StepPlan::channel_floats() const {
  return FloatArray::Rounded(static_cast<size_t>(channels)) + FloatArray::kVector;
}

size_t StepPlan::worker_floats() const {
  return 5 * image_floats + 2 * channel_floats() + kernel_floats;
}

void MeanOfPixels(StepState& state, const RowsShape& shape, const float* x, Worker& worker,
                  float* mean) {
  const auto channels = static_cast<size_t>(shape.channels);
  double* const sums = worker.sums.data();
  std::fill_n(sums, 2 * channels, 0.0);
  AddSums(x, shape, state.zeros(), sums, sums + channels);
  for (size_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<float>(sums[c] / static_cast<double>(shape.pixels));
  }
}

void RunDense(StepState& state, const ConvStep& conv, const float* x, float* y, Worker& worker) {
  conv.kernel->Forward(state.packed(conv), x, y, worker.kernel);
  AddTo(state.parameters().value(conv.bias), static_cast<size_t>(conv.shape.out), y);
}

void DifferentiateDense(StepState& state, const ConvStep& conv, const float* x, const float* dy,
                        float* chunk_gradients, float* dx, Worker& worker) {
  conv.kernel->BackwardWeights(x, dy, chunk_gradients + conv.gradient, worker.kernel);
  AddTo(dy, static_cast<size_t>(conv.shape.out), chunk_gradients + conv.bias_gradient());
  conv.kernel->BackwardData(state.packed(conv), dy, dx, worker.kernel);
}

}  // namespace dse::native
