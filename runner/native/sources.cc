#include "runner/native/sources.h"

#include <algorithm>

#include "runner/native/max_pool.h"
#include "runner/native/squeeze.h"

namespace dse::native {
namespace {

const ConvStep& ConvOf(const StepState& state, int unit) {
  return state.plan().conv_of(state.plan().units[unit]);
}

// What a unit's normalisation answers; its convolution has run.
AffineRows RowsOf(StepState& state, int unit, const Place& place) {
  return {.x = place.value(state, state.plan().units[unit].output),
          .scale = state.norm(unit).scale(),
          .bias = state.norm(unit).offset()};
}

// A join's value before pooling. Uses the worker's scale and offset.
AffineRows RowsOf(StepState& state, const JoinStep& join, const Pass& pass, const Place& place) {
  AffineRows rows = RowsOf(state, join.unit, place);
  rows.activation = join.after;
  const UnitStep& unit = state.plan().units[join.unit];
  if (const float kept = pass.kept(unit.drops, place.image); kept != 1) {
    const Worker& worker = place.worker;
    for (int c = 0; c < unit.norm->channels; ++c) {
      worker.scale[c] = kept * rows.scale[c];
      worker.offset[c] = kept * rows.bias[c];
    }
    rows.scale = worker.scale;
    rows.bias = worker.offset;
  }
  if (join.projection >= 0) {
    const AffineRows projection = RowsOf(state, join.projection, place);
    rows.shortcut = projection.x;
    rows.shortcut_scale = projection.scale;
    rows.shortcut_bias = projection.bias;
  } else if (join.shortcut >= 0) {
    rows.shortcut = place.value(state, state.plan().joins[join.shortcut].value);
  }
  return rows;
}

// From the gradient by what `rows` give to that before their activation, which goes to the sink,
// and `factor` times its sums to those of the unit's normalisation.
void DifferentiateRows(StepState& state, int unit, const AffineRows& rows,
                       const RowsGradient& gradient, float factor, const Place& place,
                       const RowsSink& sink) {
  const RowsShape shape = place.rows(ConvOf(state, unit));
  double* const sums = place.worker.sums.data();
  std::fill_n(sums, 2 * shape.channels, 0.0);
  Norm& norm = state.norm(unit);
  ActivateBackward(rows, shape, gradient, norm.mean(), sink, sums, sums + shape.channels);
  norm.AddGradient(place.chunk, sums, factor);
}

}  // namespace

float* MakeJoinValue(StepState& state, const JoinStep& join, const Pass& pass, const Place& place) {
  const AffineRows rows = RowsOf(state, join, pass, place);
  const RowsShape shape = place.rows(ConvOf(state, join.unit));
  float* const value = join.value >= 0 ? place.value(state, join.value) : place.worker.input;
  if (join.pooled) {
    Activate(rows, shape, place.worker.side);
    MaxPool(state.plan().pool_of(join), place.worker.side, value);
  } else {
    Activate(rows, shape, value);
  }
  return value;
}

ConvInput ReadUnit(StepState& state, const LayerStep& layer, const Place& place, bool first_time) {
  RowsShape shape = place.rows(ConvOf(state, layer.unit));
  AffineRows rows = RowsOf(state, layer.unit, place);
  rows.activation = state.plan().units[layer.unit].after;
  float* const x = place.worker.input;
  if (layer.squeeze < 0) {
    const ConvShape& conv = ConvOf(state, layer.units.front()).shape;
    const Margins margins = place.margins(conv.x_margins());
    const size_t above = conv.x_row_floats() * static_cast<size_t>(margins.above);
    shape.pixels += static_cast<size_t>(conv.width) * (margins.above + margins.below);
    rows.x -= above;
    Activate(rows, shape, x);
    return {x + above, margins};
  }
  Activate(rows, shape, place.worker.open);
  const SqueezeStep& squeeze = state.plan().squeezes[layer.squeeze];
  if (first_time) OpenGate(state, squeeze, shape, place);
  ApplyGate(state, squeeze, shape, place, x);
  return x;
}

void DifferentiateUnitSource(StepState& state, const LayerStep& layer, const Place& place) {
  const StepPlan& plan = state.plan();
  if (layer.squeeze >= 0) {
    DifferentiateSqueeze(state, plan.squeezes[layer.squeeze], place.rows(ConvOf(state, layer.unit)),
                         place, state.chunk_gradients(place.chunk, layer.gradient_floats));
  }
  AffineRows rows = RowsOf(state, layer.unit, place);
  rows.activation = plan.units[layer.unit].after;
  DifferentiateRows(state, layer.unit, rows, {place.worker.dx}, /*factor=*/1, place,
                    {place.value(state, plan.units[layer.unit].gradient), !place.image_fits_cache});
}

void DifferentiateJoin(StepState& state, const JoinStep& join, const Pass& pass, const Place& place,
                       const float* more) {
  const UnitStep& unit = state.plan().units[join.unit];
  Worker& worker = place.worker;
  AffineRows rows = RowsOf(state, join, pass, place);
  if (join.knows_slope()) rows.relu = place.value(state, join.value);
  float* const g = place.value(state, join.gradient);
  RowsGradient gradient{worker.dx, more};
  if (join.pooled) {
    const RowsShape shape = place.rows(ConvOf(state, join.unit));
    if (more != nullptr) AddTo(more, join.pixels * shape.channels, worker.dx);
    Activate(rows, shape, worker.input);
    DifferentiateMaxPool(state.plan().pool_of(join), worker.input, worker.dx, g);
    gradient = {g};
  }
  DifferentiateRows(state, join.unit, rows, gradient, pass.kept(unit.drops, place.image), place,
                    {g, !place.fits_cache && join.projection < 0});
  if (join.projection >= 0) {  // whose gradient is the same
    DifferentiateRows(state, join.projection, RowsOf(state, join.projection, place), {g},
                      /*factor=*/1, place, /*sink=*/{});
  }
}

}  // namespace dse::native
