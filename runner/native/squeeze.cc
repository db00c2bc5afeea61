#include "runner/native/squeeze.h"

#include <algorithm>

namespace dse::native {
namespace {

// The values between the two products, before their activation.
AffineRows HiddenRows(StepState& state, const SqueezeStep& squeeze, const Place& place) {
  return {.x = place.value(state, squeeze.hidden),
          .scale = state.ones(),
          .bias = state.zeros(),
          .activation = squeeze.after};
}

RowsShape HiddenShape(const StepState& state, const SqueezeStep& squeeze) {
  return {1, state.plan().convs[squeeze.reduce].shape.out};
}

// The gradient by the sigmoid's argument, from that by the product of values and gate.
void DifferentiateGate(StepState& state, const RowsShape& shape, const float* gate, Worker& worker,
                       float* dgate) {
  const auto channels = static_cast<size_t>(shape.channels);
  double* const sums = worker.sums.data();
  std::fill_n(sums, 2 * channels, 0.0);
  const AffineRows values{.x = worker.open, .scale = state.ones(), .bias = state.zeros()};
  ActivateBackward(values, shape, {worker.dx}, /*shift=*/state.zeros(), /*sink=*/{}, sums,
                   sums + channels);
  for (size_t c = 0; c < channels; ++c) {
    dgate[c] = static_cast<float>(sums[channels + c]) * gate[c] * (1 - gate[c]);
  }
}

}  // namespace

void OpenGate(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
              const Place& place) {
  const StepPlan& plan = state.plan();
  Worker& worker = place.worker;
  float* const mean = place.value(state, squeeze.mean);
  float* const gate = place.value(state, squeeze.gate);
  MeanOfPixels(state, shape, worker.open, worker, mean);
  RunDense(state, plan.convs[squeeze.reduce], mean, place.value(state, squeeze.hidden), worker);
  Activate(HiddenRows(state, squeeze, place), HiddenShape(state, squeeze), worker.scale);
  RunDense(state, plan.convs[squeeze.expand], worker.scale, gate, worker);
  Sigmoid(gate, static_cast<size_t>(shape.channels), gate);
}

void ApplyGate(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
               const Place& place, float* y) {
  Activate(
      {.x = place.worker.open, .scale = place.value(state, squeeze.gate), .bias = state.zeros()},
      shape, y);
}

void DifferentiateSqueeze(StepState& state, const SqueezeStep& squeeze, const RowsShape& shape,
                          const Place& place, float* chunk_gradients) {
  const StepPlan& plan = state.plan();
  Worker& worker = place.worker;
  const float* const gate = place.value(state, squeeze.gate);
  float* const dgate = worker.dy;
  DifferentiateGate(state, shape, gate, worker, dgate);

  const AffineRows hidden = HiddenRows(state, squeeze, place);
  const RowsShape inner = HiddenShape(state, squeeze);
  float* const activated = worker.scale;
  float* const dhidden = worker.input;
  Activate(hidden, inner, activated);
  DifferentiateDense(state, plan.convs[squeeze.expand], activated, dgate, chunk_gradients, dhidden,
                     worker);
  double* const sums = worker.sums.data();
  ActivateBackward(hidden, inner, {dhidden}, /*shift=*/state.zeros(), {dhidden}, sums,
                   sums + inner.channels);
  float* const dmean = worker.dy;
  DifferentiateDense(state, plan.convs[squeeze.reduce], place.value(state, squeeze.mean), dhidden,
                     chunk_gradients, dmean, worker);

  const float share = 1 / static_cast<float>(shape.pixels);
  for (int c = 0; c < shape.channels; ++c) dmean[c] *= share;
  Activate({.x = worker.dx, .scale = gate, .bias = dmean}, shape, worker.dx);
}

}  // namespace dse::native
