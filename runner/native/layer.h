#pragma once

#include "runner/native/pass.h"

// A layer's two phases, an image, or a band of one, at a time.

namespace dse::native {

// Makes what the layer reads and runs its convolutions on it.
void RunLayer(StepState& state, const LayerStep& layer, const ImageInput& images, const Pass& pass,
              const Place& place);
// Adds the outputs, which RunLayer left, to the sums of their normalisations.
void AddOutputs(StepState& state, const LayerStep& layer, const Place& place);

// From the gradients by what the layer's normalisations answer: adds the weights' to those of the
// chunk, and takes the gradient on to what the layer reads, down to the sums of the normalisations
// there.
void DifferentiateLayer(StepState& state, const LayerStep& layer, const ImageInput& images,
                        const Pass& pass, const Place& place);

// The units whose normalisations have their sums when a layer has been differentiated: those that
// end in what it reads.
std::vector<int> UnitsRead(const StepPlan& plan, const LayerStep& layer);
std::vector<int> UnitsOf(const JoinStep& join);

}  // namespace dse::native
