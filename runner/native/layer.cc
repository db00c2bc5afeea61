#include "runner/native/layer.h"

#include "runner/native/sources.h"

namespace dse::native {
namespace {

// An image of the batch, or the rows of it that a band needs.
ConvInput ReadImage(StepState& state, const LayerStep& layer, const ImageInput& images,
                    const Pass& pass, const Place& place) {
  const ConvShape& shape = state.plan().conv_of(state.plan().units[layer.units.front()]).shape;
  const Margins margins = place.margins(shape.x_margins());
  const int rows = shape.height / place.bands;
  float* const x = place.worker.input;
  images.Write(pass, place.image, rows * place.band - margins.above,
               margins.above + rows + margins.below, x, place.worker.side);
  return {x + shape.x_row_floats() * static_cast<size_t>(margins.above), margins};
}

// What the layer reads.
ConvInput Read(StepState& state, const LayerStep& layer, const ImageInput& images, const Pass& pass,
               const Place& place) {
  if (layer.unit >= 0) return ReadUnit(state, layer, place, /*first_time=*/true);
  if (layer.join >= 0) return MakeJoinValue(state, state.plan().joins[layer.join], pass, place);
  return ReadImage(state, layer, images, pass, place);
}

// The same, in the backward phase.
ConvInput ReadAgain(StepState& state, const LayerStep& layer, const ImageInput& images,
                    const Pass& pass, const Place& place) {
  if (layer.unit >= 0) return ReadUnit(state, layer, place, /*first_time=*/false);
  if (layer.join >= 0) {
    const JoinStep& join = state.plan().joins[layer.join];
    return join.value >= 0 ? place.value(state, join.value)
                           : MakeJoinValue(state, join, pass, place);
  }
  return ReadImage(state, layer, images, pass, place);
}

// The gradient by a unit's convolution's output, with the rows beside the band's where dx is made
// of it, from that by what its normalisation answers.
ConvInput DifferentiateNorm(StepState& state, int unit, bool makes_dx, const Pass& pass,
                            const Place& place) {
  const UnitStep& step = state.plan().units[unit];
  const ConvStep& conv = state.plan().conv_of(step);
  const Margins margins = makes_dx ? place.margins(conv.shape.dy_margins()) : Margins{};
  const size_t above = conv.shape.y_row_floats() * static_cast<size_t>(margins.above);
  const size_t beside =
      static_cast<size_t>(conv.shape.out_width()) * (margins.above + margins.below);
  state.norm(unit).Differentiate(
      place.rows(conv).pixels + beside, place.value(state, step.gradient) - above,
      pass.kept(step.drops, place.image), place.value(state, step.output) - above,
      place.worker.scale, place.worker.dy);
  return {place.worker.dy + above, margins};
}

}  // namespace

void RunLayer(StepState& state, const LayerStep& layer, const ImageInput& images, const Pass& pass,
              const Place& place) {
  const StepPlan& plan = state.plan();
  Worker& worker = place.worker;
  const ConvInput x = Read(state, layer, images, pass, place);
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
  const ConvInput x = ReadAgain(state, layer, images, pass, place);
  float* const gradients = state.chunk_gradients(place.chunk, layer.gradient_floats);
  const float* more = nullptr;  // gradient by what the layer reads, of the shortcut
  if (layer.identity >= 0) more = place.value(state, plan.joins[layer.identity].gradient);
  for (const int unit : layer.units) {
    const ConvStep& conv = plan.conv_of(plan.units[unit]);
    const ConvInput dy = DifferentiateNorm(state, unit, !layer.reads_images(), pass, place);
    conv.kernel->BackwardWeights(x, dy.rows, gradients + conv.gradient, worker.kernel);
    if (layer.reads_images()) continue;
    const bool projects = unit != layer.units.front();
    float* const dx = projects ? worker.side : worker.dx;
    conv.kernel->BackwardData(state.packed(conv), dy, dx, worker.kernel);
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
