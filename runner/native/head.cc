#include "runner/native/head.h"

#include <algorithm>

#include "runner/native/kernels/rows.h"
#include "runner/native/sources.h"

namespace dse::native {
namespace {

struct HeadShape {
  const ConvStep& linear;
  const JoinStep& join;
  size_t features() const { return static_cast<size_t>(linear.shape.in); }
  size_t classes() const { return static_cast<size_t>(linear.shape.out); }
};

HeadShape ShapeOf(const StepPlan& plan) {
  return {plan.convs[plan.head.conv], plan.joins[plan.head.join]};
}

// x *= the image's dropout, where there is some.
void Drop(const Pass& pass, int image, size_t features, float* x) {
  if (pass.dropout.empty()) return;
  const float* const factors = pass.dropout.data() + features * static_cast<size_t>(image);
  for (size_t f = 0; f < features; ++f) x[f] *= factors[f];
}

// The mean of the join's value over pixels into the worker's input, logits into its dy.
std::span<float> ComputeLogits(StepState& state, const HeadShape& head, const Pass& pass,
                               const Place& place) {
  Worker& worker = place.worker;
  const float* const value = MakeJoinValue(state, head.join, pass, place);
  MeanOfPixels(state, {head.join.pixels, head.linear.shape.in}, value, worker, worker.input);
  Drop(pass, place.image, head.features(), worker.input);
  RunDense(state, head.linear, worker.input, worker.dy, worker);
  return {worker.dy, head.classes()};
}

}  // namespace

Answer RunHead(StepState& state, const Pass& pass, const Target& target,
               const std::vector<int64_t>& tested, const Place& place) {
  std::span<const float> logits = ComputeLogits(state, ShapeOf(state.plan()), pass, place);
  if (!tested.empty()) {
    float* const chosen = place.worker.dx;
    for (size_t k = 0; k < tested.size(); ++k) chosen[k] = logits[static_cast<size_t>(tested[k])];
    logits = {chosen, tested.size()};
  }
  return {CrossEntropy(logits, target), Largest(logits) != target.heavier()};
}

Answer DifferentiateHead(StepState& state, const Pass& pass, const Target& target, double weight,
                         const Place& place) {
  const HeadShape head = ShapeOf(state.plan());
  Worker& worker = place.worker;
  const std::span<float> logits = ComputeLogits(state, head, pass, place);
  Answer answer;
  answer.wrong = Largest(logits) != target.heavier();
  answer.loss = DifferentiateCrossEntropy(logits, target, weight);
  float* const dmean = worker.side;
  DifferentiateDense(
      state, head.linear, worker.input, worker.dy,
      state.chunk_gradients(place.chunk, FloatArray::Rounded(head.linear.gradient_floats())), dmean,
      worker);
  Drop(pass, place.image, head.features(), dmean);
  const float share = 1 / static_cast<float>(head.join.pixels);
  for (size_t f = 0; f < head.features(); ++f) dmean[f] *= share;
  for (size_t pixel = 0; pixel < head.join.pixels; ++pixel) {
    std::copy_n(dmean, head.features(), worker.dx + pixel * head.features());
  }
  DifferentiateJoin(state, head.join, pass, place, /*more=*/nullptr);
  return answer;
}

}  // namespace dse::native
