#pragma once

#include <vector>

#include "runner/native/head.h"
#include "runner/native/layer.h"
#include "runner/native/team.h"

namespace dse::native {

// Runs the phases of a plan on a team of threads.
class StepRunner {
 public:
  // What it is given must outlive it.
  StepRunner(StepState& state, const ImageInput& images, Team& team);

  // To be called when weights have changed.
  void PackWeights();

  // Sums over the images of a pass.
  struct Sums {
    double loss = 0;
    int64_t wrong = 0;
  };
  // Forward with the batch's own statistics, which count `momentum` in the running ones, and
  // backward from `weight` times each image's loss: adds to the parameters' gradients.
  Sums Train(const Pass& pass, double smoothing, double weight, double momentum);
  // Forward alone, for the statistics of the normalisations in front of the head.
  void RunLayers(const Pass& pass, double momentum);
  // Answers with running statistics, over the outputs `tested` where there are some. Each image
  // goes through all layers at once, in the memory of the thread that has it.
  Sums Test(const Pass& pass, const std::vector<int64_t>& tested);

 private:
  template <typename Work>
  void ForEachChunk(int images, int chunks, const std::vector<int>& summed, size_t gradient_floats,
                    const Work& work);
  template <typename Work>
  void ForEachImage(int images, int chunks, const std::vector<int>& summed, size_t gradient_floats,
                    const Work& work);
  void RunForward(const LayerStep& layer, const Pass& pass, double momentum);
  void TurnAtHead(const Pass& pass, double smoothing, double weight);
  void RunBackward(const LayerStep& layer, const Pass& pass);
  void SumGradients(int chunks, size_t floats);
  void KeepGradients(std::span<const int> convs);
  void FinishNorms(const std::vector<int>& units, int chunks, const Pass& pass);
  Target TargetOf(const Pass& pass, int image, double smoothing) const;
  Sums AddAnswers(int images) const;
  int Chunks(int most, const Pass& pass) const;

  StepState& state_;
  const StepPlan& plan_;
  const ImageInput& images_;
  Team& team_;
  std::vector<std::vector<int>> read_;  // by layer: UnitsRead
  std::vector<int> last_;               // units that end in the head
  std::vector<Target> targets_;         // of the images of a pass
  std::vector<Answer> answers_;
};

}  // namespace dse::native
