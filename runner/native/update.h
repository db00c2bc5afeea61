#pragma once

#include <cstdint>
#include <vector>

#include "runner/native/parameters.h"
#include "runner/native/team.h"
#include "runner/training/recipe.h"

namespace dse::native {

// Changes all that is learned by its gradients, as update_rule.h says, and its moving average.
class Update {
 public:
  // What it is given must outlive it.
  Update(Parameters& parameters, const Recipe& recipe, Team& team);

  void ClearGradients();
  // Clips the gradients where the recipe does, then one update at the rate `lr`.
  void Step(double lr);
  // Exchanges values and averages.
  void SwapAverage();

  int64_t steps() const { return steps_; }
  void set_steps(int64_t steps) { steps_ = steps; }
  // Laid out as the parameters; empty where the recipe needs none.
  FloatArray& momenta() { return momenta_; }
  FloatArray& squares() { return squares_; }
  FloatArray& averages() { return averages_; }

 private:
  // Neighbours of one parameter, for one thread.
  struct Piece {
    size_t first = 0;
    size_t count = 0;
    double weight_decay = 0;
  };
  template <typename Work>
  void ForEachPiece(const Work& work);
  void Clip();
  void StepSgd(const Piece& piece, double lr);
  void StepRmsprop(const Piece& piece, double lr);
  void StepAdamw(const Piece& piece, double lr);
  void Average(const Piece& piece);

  Parameters& parameters_;
  const Recipe& recipe_;
  Team& team_;
  std::vector<Piece> pieces_;
  std::vector<double> squared_norms_;  // of the pieces' gradients
  FloatArray momenta_;
  FloatArray squares_;   // averages of squared gradients; not of sgd
  FloatArray averages_;  // of the values, with ema_decay
  int64_t steps_ = 0;
};

}  // namespace dse::native
