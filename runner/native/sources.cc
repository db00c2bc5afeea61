#include "runner/native/sources.h"

#include <algorithm>

#include "runner/native/max_pool.h"
#include "runner/native/rows.h"
#include "runner/native/squeeze.h"

namespace dse::native {
namespace {

const ConvStep& ConvOf(const StepState& state, int unit) {
  return state.plan().conv_of(state.plan().units[unit]);
}

// z of a unit, whose convolution has run.
void Normalize(StepState& state, int unit, const Place& place, float* z) {
  const float* const y = state.value(state.plan().units[unit].output, place.slot);
  state.norm(unit).Apply(ConvOf(state, unit).pixels(), y, z);
}

// z of a join into the worker's. Uses its side.
void ComputeJoin(StepState& state, const JoinStep& join, const Pass& pass, const Place& place) {
  const StepPlan& plan = state.plan();
  const UnitStep& unit = plan.units[join.unit];
  const size_t count = ConvOf(state, join.unit).out_floats();
  float* const z = place.worker.z;
  Normalize(state, join.unit, place, z);
  if (const float kept = pass.kept(unit.drops, place.image); kept != 1) {
    for (size_t i = 0; i < count; ++i) z[i] *= kept;
  }
  if (join.projection >= 0) {
    Normalize(state, join.projection, place, place.worker.side);
    AddTo(count, place.worker.side, z);
  } else if (join.shortcut >= 0) {
    AddTo(count, state.value(plan.joins[join.shortcut].value, place.slot), z);
  }
}

PoolShape PoolOf(const StepState& state, const JoinStep& join) {
  const ConvShape& shape = ConvOf(state, join.unit).shape;
  return {shape.out_height(), shape.out_width(), shape.out};
}

void AddGradientSums(StepState& state, int unit, float factor, const Place& place) {
  const UnitStep& step = state.plan().units[unit];
  state.norm(unit).AddGradient(place.chunk, ConvOf(state, unit).pixels(),
                               state.value(step.gradient, place.slot), factor,
                               state.value(step.output, place.slot), place.worker.partial);
}

}  // namespace

float* MakeJoinValue(StepState& state, const JoinStep& join, const Pass& pass, const Place& place) {
  ComputeJoin(state, join, pass, place);
  float* const value = state.value(join.value, place.slot);
  const size_t count = ConvOf(state, join.unit).out_floats();
  if (join.pooled) {
    Activate(join.after, count, place.worker.z, place.worker.side);
    MaxPool(PoolOf(state, join), place.worker.side, value);
  } else {
    Activate(join.after, count, place.worker.z, value);
  }
  return value;
}

const float* ReadUnit(StepState& state, const LayerStep& layer, const Place& place,
                      bool first_time) {
  const StepPlan& plan = state.plan();
  const ConvStep& conv = ConvOf(state, layer.unit);
  float* const x = place.worker.input;
  Normalize(state, layer.unit, place, place.worker.z);
  Activate(plan.units[layer.unit].after, conv.out_floats(), place.worker.z, x);
  if (layer.squeeze >= 0) {
    const auto run = first_time ? RunSqueeze : RepeatSqueeze;
    run(state, plan.squeezes[layer.squeeze], conv.pixels(), place, x);
  }
  return x;
}

void DifferentiateUnitSource(StepState& state, const LayerStep& layer, const Place& place) {
  const StepPlan& plan = state.plan();
  const UnitStep& unit = plan.units[layer.unit];
  const ConvStep& conv = plan.conv_of(unit);
  Worker& worker = place.worker;
  if (layer.squeeze >= 0) {
    Activate(unit.after, conv.out_floats(), worker.z, worker.side);
    DifferentiateSqueeze(state, plan.squeezes[layer.squeeze], conv.pixels(), place, worker.side,
                         state.chunk_gradients(place.chunk, layer.gradient_floats), worker.dx);
  }
  MultiplyDerivative(unit.after, conv.out_floats(), worker.z, worker.dx);
  std::copy_n(worker.dx, conv.out_floats(), state.value(unit.gradient, place.slot));
  AddGradientSums(state, layer.unit, 1, place);
}

void DifferentiateJoin(StepState& state, const JoinStep& join, const Pass& pass,
                       const Place& place) {
  const UnitStep& unit = state.plan().units[join.unit];
  const size_t count = ConvOf(state, join.unit).out_floats();
  Worker& worker = place.worker;
  ComputeJoin(state, join, pass, place);
  float* const gradient = state.value(join.gradient, place.slot);
  if (join.pooled) {
    Activate(join.after, count, worker.z, worker.input);
    DifferentiateMaxPool(PoolOf(state, join), worker.input, worker.dx, gradient);
  } else {
    std::copy_n(worker.dx, count, gradient);
  }
  MultiplyDerivative(join.after, count, worker.z, gradient);
  AddGradientSums(state, join.unit, pass.kept(unit.drops, place.image), place);
  if (join.projection >= 0) AddGradientSums(state, join.projection, 1, place);
}

}  // namespace dse::native
