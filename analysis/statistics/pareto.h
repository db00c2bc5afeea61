#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace dse {

// The models that no other beats, by their places in the input, in ascending order of cost (equal
// costs in the order of the input). One model beats another when neither its cost nor its error is
// higher and one of them is lower; so models equal in both stand on the front together. No models
// have an empty front. Throws Error where a number is not finite or the lists differ in length.
std::vector<size_t> ParetoFront(std::span<const double> cost, std::span<const double> error);

}  // namespace dse
