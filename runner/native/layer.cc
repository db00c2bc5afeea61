#include "runner/native/layer.h"

#include "runner/native/sources.h"

namespace dse::native {
namespace {

// What the layer reads, in the backward phase.
const float* ReadAgain(StepState& state, const LayerStep& layer, const ImageInput& images,
                       const Pass& pass, const Place& place) {
  if (layer.unit >= 0) return ReadUnit(state, layer, place, /*first_time=*/false);
  if (layer.join >= 0) {
    const JoinStep& join = state.plan().joins[layer.join];
    return join.value >= 0 ? place.value(state, join.value)
                           : MakeJoinValue(state, join, pass, place);
  }
  images.Write(pass, place.image, place.worker.input, place.worker.side);
  return place.worker.input;
}

// The gradient by a unit's convolution's output, from that by what its normalisation answers.
void DifferentiateNorm(StepState& state, int unit, const Pass& pass, const Place& place) {
  const UnitStep& step = state.plan().units[unit];
  state.norm(unit).Differentiate(
      place.rows(state.plan().conv_of(step)).pixels, place.value(state, step.gradient),
      pass.kept(step.drops, place.image), place.value(state, step.output), place.worker.scale,
      place.worker.dy);
}

}  // namespace

void RunLayer(StepState& state, const LayerStep& layer, const ImageInput& images, const Pass& pass,
              const Place& place) {
  const StepPlan& plan = state.plan();
  Worker& worker = place.worker;
  const float* x = worker.input;
  if (layer.unit >= 0) {
    x = ReadUnit(state, layer, place, /*first_time=*/true);
  } else if (layer.join >= 0) {
    x = MakeJoinValue(state, plan.joins[layer.join], pass, place);
  } else {
    images.Write(pass, place.image, worker.input, worker.side);
  }
  for (const int unit : layer.units) {
    const UnitStep& step = plan.units[unit];
    const ConvStep& conv = plan.conv_of(step);
    conv.kernel->Forward(state.packed(conv), x, place.value(state, step.output), worker.kernel);
  }
}

void AddOutputs(StepState& state, const LayerStep& layer, const Place& place) {
  for (const int unit : layer.units) {
    const UnitStep& step = state.plan().units[unit];
    state.norm(unit).AddOutput(place.chunk, place.rows(state.plan().conv_of(step)).pixels,
                               place.value(state, step.output), place.worker.sums.data());
  }
}

void DifferentiateLayer(StepState& state, const LayerStep& layer, const ImageInput& images,
                        const Pass& pass, const Place& place) {
  const StepPlan& plan = state.plan();
  Worker& worker = place.worker;
  const float* const x = ReadAgain(state, layer, images, pass, place);
  float* const gradients = state.chunk_gradients(place.chunk, layer.gradient_floats);
  const float* more = nullptr;  // gradient by what the layer reads, of the shortcut
  if (layer.identity >= 0) more = place.value(state, plan.joins[layer.identity].gradient);
  for (const int unit : layer.units) {
    const ConvStep& conv = plan.conv_of(plan.units[unit]);
    DifferentiateNorm(state, unit, pass, place);
    conv.kernel->BackwardWeights(x, worker.dy, gradients + conv.gradient, worker.kernel);
    if (layer.reads_images()) continue;
    const bool projects = unit != layer.units.front();
    float* const dx = projects ? worker.side : worker.dx;
    conv.kernel->BackwardData(state.packed(conv), worker.dy, dx, worker.kernel);
    if (projects) more = dx;
  }
  if (layer.reads_images()) return;
  if (layer.unit >= 0) {
    DifferentiateUnitSource(state, layer, place);
  } else {
    DifferentiateJoin(state, plan.joins[layer.join], pass, place, more);
  }
}

std::vector<int> UnitsOf(const JoinStep& join) {
  if (join.projection < 0) return {join.unit};
  return {join.unit, join.projection};
}

std::vector<int> UnitsRead(const StepPlan& plan, const LayerStep& layer) {
  if (layer.unit >= 0) return {layer.unit};
  if (layer.join >= 0) return UnitsOf(plan.joins[layer.join]);
  return {};
}

}  // namespace dse::native
