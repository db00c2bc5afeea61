#pragma once

#include <cstdint>

namespace dse {

// What divides a batch: replicas work side by side, each on `micro_batches` parts one after
// another. Every part is normalised by its own statistics.
struct Division {
  int replicas = 1;
  int micro_batches = 1;  // of each replica
  int parts() const { return replicas * micro_batches; }
};

// Images of a part of a batch.
struct BatchPart {
  int first = 0;
  int count = 0;  // 0 where there are more parts than images
};

// Part p of P has the images from floor(n p / P) on.
inline BatchPart PartOf(int images, int part, int parts) {
  const auto begin = [&](int p) { return static_cast<int>(int64_t{images} * p / parts); };
  return {begin(part), begin(part + 1) - begin(part)};
}

// Images of the smallest part that can be trained on: batch norm needs two.
inline constexpr int kFewestTrainImages = 2;

inline int LargestPart(int images, int parts) { return (images + parts - 1) / parts; }

}  // namespace dse
