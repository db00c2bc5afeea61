#pragma once

#include <cstdint>
#include <span>

namespace dse {

// How the missing runs fall into the shards of so many tasks.
struct TaskSpread {
  int64_t tasks = 1;
  int64_t fullest = 0;  // runs of the task that gets most
};

// `numbers` are those that shards follow from, of each missing run: task K of N gets the runs whose
// number mod N is K.
TaskSpread SpreadOver(std::span<const uint64_t> numbers, int64_t tasks);

// The number of tasks nearest to `tasks`, the larger of two, at which no task gets more than one
// and a half of an even share and more than one run above it. After a lost task what is missing
// lies in one part of the number of before, and any other shares it better.
TaskSpread FindEvenSpread(std::span<const uint64_t> numbers, int64_t tasks);

}  // namespace dse
