#include "runner/native/update.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runner/training/update_rule.h"

namespace dse::native {
namespace {

constexpr size_t kPiece = size_t{1} << 14;

float Single(double value) { return static_cast<float>(value); }

}  // namespace

Update::Update(Parameters& parameters, const Recipe& recipe, Team& team)
    : parameters_(parameters), recipe_(recipe), team_(team), momenta_(parameters.floats()) {
  for (int number = 0; number < static_cast<int>(parameters.count()); ++number) {
    const auto elements = static_cast<size_t>(parameters.plan(number).elements());
    const double decay = WeightDecay(parameters.plan(number).kind, recipe);
    for (size_t first = 0; first < elements; first += kPiece) {
      pieces_.push_back(
          {parameters.offset(number) + first, std::min(kPiece, elements - first), decay});
    }
  }
  squared_norms_.resize(pieces_.size());
  if (recipe.optimizer != OptimizerKind::kSgd) squares_ = FloatArray(parameters.floats());
  if (recipe.ema_decay != 0) {
    averages_ = FloatArray(parameters.floats());
    std::ranges::copy(parameters.values(), averages_.begin());
  }
}

template <typename Work>
void Update::ForEachPiece(const Work& work) {
  team_.Run(static_cast<int>(pieces_.size()), [&](int, int i) { work(static_cast<size_t>(i)); });
}

void Update::ClearGradients() {
  ForEachPiece([&](size_t i) {
    std::fill_n(parameters_.gradients().data() + pieces_[i].first, pieces_[i].count, 0.0f);
  });
}

void Update::Step(double lr) {
  if (recipe_.grad_clip > 0) Clip();
  ++steps_;
  ForEachPiece([&](size_t i) {
    const Piece& piece = pieces_[i];
    switch (recipe_.optimizer) {
      case OptimizerKind::kSgd:
        StepSgd(piece, lr);
        break;
      case OptimizerKind::kRmsprop:
        StepRmsprop(piece, lr);
        break;
      case OptimizerKind::kAdamw:
        StepAdamw(piece, lr);
        break;
    }
    if (!averages_.empty()) Average(piece);
  });
}

// As torch.nn.utils.clip_grad_norm_ does.
void Update::Clip() {
  float* const gradients = parameters_.gradients().data();
  ForEachPiece([&](size_t i) {
    const float* const g = gradients + pieces_[i].first;
    double sum = 0;
    for (size_t j = 0; j < pieces_[i].count; ++j) sum += double{g[j]} * g[j];
    squared_norms_[i] = sum;
  });
  double total = 0;
  for (const double norm : squared_norms_) total += norm;
  const double factor = recipe_.grad_clip / (std::sqrt(total) + 1e-6);
  if (factor >= 1) return;
  ForEachPiece([&](size_t i) {
    float* const g = gradients + pieces_[i].first;
    for (size_t j = 0; j < pieces_[i].count; ++j) g[j] *= Single(factor);
  });
}

void Update::StepSgd(const Piece& piece, double lr) {
  const float rate = Single(lr), momentum = Single(recipe_.momentum);
  const float decay = Single(piece.weight_decay);
  const float* const gradients = parameters_.gradients().data() + piece.first;
  float* const momenta = momenta_.data() + piece.first;
  float* const values = parameters_.values().data() + piece.first;
  for (size_t i = 0; i < piece.count; ++i) {
    const float g = gradients[i] + decay * values[i];
    momenta[i] = momentum * momenta[i] + g;
    values[i] -= rate * (recipe_.nesterov ? g + momentum * momenta[i] : momenta[i]);
  }
}

void Update::StepRmsprop(const Piece& piece, double lr) {
  const float rate = Single(lr), momentum = Single(recipe_.momentum);
  const float decay = Single(piece.weight_decay);
  const float* const gradients = parameters_.gradients().data() + piece.first;
  float* const momenta = momenta_.data() + piece.first;
  float* const squares = squares_.data() + piece.first;
  float* const values = parameters_.values().data() + piece.first;
  for (size_t i = 0; i < piece.count; ++i) {
    const float g = gradients[i] + decay * values[i];
    squares[i] = Single(kRmspropDecay) * squares[i] + Single(1 - kRmspropDecay) * g * g;
    momenta[i] = momentum * momenta[i] + g / (std::sqrt(squares[i]) + Single(kRmspropEpsilon));
    values[i] -= rate * momenta[i];
  }
}

void Update::StepAdamw(const Piece& piece, double lr) {
  const auto steps = static_cast<double>(steps_);
  const float shrink = Single(1 - lr * piece.weight_decay);
  const float rate = Single(lr / (1 - std::pow(kAdamMomentum, steps)));
  const float root_correction = Single(std::sqrt(1 - std::pow(kAdamDecay, steps)));
  const float* const gradients = parameters_.gradients().data() + piece.first;
  float* const momenta = momenta_.data() + piece.first;
  float* const squares = squares_.data() + piece.first;
  float* const values = parameters_.values().data() + piece.first;
  for (size_t i = 0; i < piece.count; ++i) {
    const float g = gradients[i];
    momenta[i] += Single(1 - kAdamMomentum) * (g - momenta[i]);
    squares[i] = Single(kAdamDecay) * squares[i] + Single(1 - kAdamDecay) * g * g;
    values[i] =
        values[i] * shrink -
        rate * momenta[i] / (std::sqrt(squares[i]) / root_correction + Single(kAdamEpsilon));
  }
}

void Update::Average(const Piece& piece) {
  const float share = Single(1 - recipe_.ema_decay);
  const float* const values = parameters_.values().data() + piece.first;
  float* const averages = averages_.data() + piece.first;
  for (size_t i = 0; i < piece.count; ++i) averages[i] += share * (values[i] - averages[i]);
}

void Update::SwapAverage() {
  if (averages_.empty()) return;
  std::swap_ranges(averages_.begin(), averages_.end(), parameters_.values().begin());
}

}  // namespace dse::native
