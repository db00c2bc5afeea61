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

// What the linear layer reads: the mean of the join's value over pixels.
void ComputeFeatures(StepState& state, const HeadShape& head, const Pass& pass, const Place& place,
                     float* features) {
  const float* const value = MakeJoinValue(state, head.join, pass, place);
  MeanOfPixels(state, {head.join.pixels, head.linear.shape.in}, value, place.worker, features);
  Drop(pass, place.image, head.features(), features);
}

// From the gradient by an image's features down to the sums of the join's normalisations.
void DifferentiateFeatures(StepState& state, const HeadShape& head, const Pass& pass,
                           const Place& place, float* dfeatures) {
  Drop(pass, place.image, head.features(), dfeatures);
  const float share = 1 / static_cast<float>(head.join.pixels);
  for (size_t f = 0; f < head.features(); ++f) dfeatures[f] *= share;
  for (size_t pixel = 0; pixel < head.join.pixels; ++pixel) {
    std::copy_n(dfeatures, head.features(), place.worker.dx + pixel * head.features());
  }
  DifferentiateJoin(state, head.join, pass, place, /*more=*/nullptr);
}

}  // namespace

Answer RunHead(StepState& state, const Pass& pass, const Target& target,
               const std::vector<int64_t>& tested, const Place& place) {
  const HeadShape head = ShapeOf(state.plan());
  Worker& worker = place.worker;
  ComputeFeatures(state, head, pass, place, worker.open);
  RunDense(state, head.linear, worker.open, worker.dy, worker);
  std::span<const float> logits{worker.dy, head.classes()};
  if (!tested.empty()) {
    float* const chosen = worker.dx;
    for (size_t k = 0; k < tested.size(); ++k) chosen[k] = logits[static_cast<size_t>(tested[k])];
    logits = {chosen, tested.size()};
  }
  return {CrossEntropy(logits, target), Largest(logits) != target.heavier()};
}

void DifferentiateHead(StepState& state, const Pass& pass, std::span<const Target> targets,
                       double weight, const Place& place, std::span<Answer> answers) {
  const StepPlan& plan = state.plan();
  const HeadShape head = ShapeOf(plan);
  const ConvStep& linear = head.linear;
  Worker& worker = place.worker;
  float* const gradients =
      state.chunk_gradients(place.chunk, FloatArray::Rounded(linear.gradient_floats()));
  float* const features = worker.open;  // [HeadStep::images, features], zeros behind the last one:
                                        // so are their logits, and they add nothing
  float* const logits = worker.dy;      // [HeadStep::images, classes], then their gradients
  float* const dfeatures = worker.side;
  const auto place_of = [&](size_t i) {
    Place one = place;
    one.image += static_cast<int>(i);
    one.slot += static_cast<int>(i);
    return one;
  };
  const size_t images = targets.size(), missing = static_cast<size_t>(plan.head.images) - images;
  for (size_t i = 0; i < images; ++i) {
    ComputeFeatures(state, head, pass, place_of(i), features + i * head.features());
  }
  std::fill_n(features + images * head.features(), missing * head.features(), 0.0f);
  plan.head.kernel->Forward(state.packed(linear), features, logits, worker.kernel);
  for (size_t i = 0; i < images; ++i) {
    const std::span<float> one{logits + i * head.classes(), head.classes()};
    AddTo(state.parameters().value(linear.bias), one.size(), one.data());
    answers[i].wrong = Largest(one) != targets[i].heavier();
    answers[i].loss = DifferentiateCrossEntropy(one, targets[i], weight);
    AddTo(one.data(), one.size(), gradients + linear.bias_gradient());
  }
  plan.head.kernel->BackwardWeights(features, logits, gradients + linear.gradient, worker.kernel);
  plan.head.kernel->BackwardData(state.packed(linear), logits, dfeatures, worker.kernel);
  for (size_t i = 0; i < images; ++i) {
    DifferentiateFeatures(state, head, pass, place_of(i), dfeatures + i * head.features());
  }
}

}  // namespace dse::native
