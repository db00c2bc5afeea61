#include "runner/native/squeeze.h"

#include "runner/native/rows.h"

namespace dse::native {

void RunSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels, const Place& place,
                float* x) {
  const ConvStep& reduce = state.plan().convs[squeeze.reduce];
  const ConvStep& expand = state.plan().convs[squeeze.expand];
  const auto channels = static_cast<size_t>(reduce.shape.in);
  const auto inner = static_cast<size_t>(reduce.shape.out);
  Worker& worker = place.worker;
  float* const mean = state.value(squeeze.mean, place.slot);
  float* const hidden = state.value(squeeze.hidden, place.slot);
  float* const gate = state.value(squeeze.gate, place.slot);
  SumRows({pixels, channels}, nullptr, x, worker.partial, worker.sums.data());
  for (size_t c = 0; c < channels; ++c) {
    mean[c] = static_cast<float>(worker.sums[c] / static_cast<double>(pixels));
  }
  RunDense(state, reduce, mean, hidden, worker);
  Activate(squeeze.after, inner, hidden, worker.partial);
  RunDense(state, expand, worker.partial, gate, worker);
  for (size_t c = 0; c < channels; ++c) gate[c] = Sigmoid(gate[c]);
  GateRows({pixels, channels}, gate, x);
}

void RepeatSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels, const Place& place,
                   float* x) {
  const auto channels = static_cast<size_t>(state.plan().convs[squeeze.reduce].shape.in);
  GateRows({pixels, channels}, state.value(squeeze.gate, place.slot), x);
}

void DifferentiateSqueeze(StepState& state, const SqueezeStep& squeeze, size_t pixels,
                          const Place& place, const float* x, float* chunk_gradients, float* dx) {
  const ConvStep& reduce = state.plan().convs[squeeze.reduce];
  const ConvStep& expand = state.plan().convs[squeeze.expand];
  const auto channels = static_cast<size_t>(reduce.shape.in);
  const auto inner = static_cast<size_t>(reduce.shape.out);
  Worker& worker = place.worker;
  const float* const hidden = state.value(squeeze.hidden, place.slot);
  const float* const gate = state.value(squeeze.gate, place.slot);

  float* const dgate = worker.dy;  // by the sigmoid's argument
  SumRows({pixels, channels}, dx, x, worker.partial, worker.sums.data());
  for (size_t c = 0; c < channels; ++c) {
    dgate[c] = static_cast<float>(worker.sums[c]) * gate[c] * (1 - gate[c]);
  }
  float* const activated = worker.partial;
  float* const dhidden = worker.input;
  Activate(squeeze.after, inner, hidden, activated);
  DifferentiateDense(state, expand, activated, dgate, chunk_gradients, dhidden, worker);
  MultiplyDerivative(squeeze.after, inner, hidden, dhidden);
  float* const dmean = worker.dy;
  DifferentiateDense(state, reduce, state.value(squeeze.mean, place.slot), dhidden, chunk_gradients,
                     dmean, worker);

  GateRows({pixels, channels}, gate, dx);
  const float share = 1 / static_cast<float>(pixels);
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    AddScaled(channels, share, dmean, dx + pixel * channels);
  }
}

}  // namespace dse::native
