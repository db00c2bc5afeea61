#include "runner/slurm/task_spread.h"

#include <algorithm>
#include <unordered_map>

namespace dse {
namespace {

bool IsEven(const TaskSpread& spread, int64_t runs) {
  const int64_t share = (runs + spread.tasks - 1) / spread.tasks;
  return spread.fullest <= share + 1 || 2 * spread.fullest <= 3 * share;
}

}  // namespace

TaskSpread SpreadOver(std::span<const uint64_t> numbers, int64_t tasks) {
  TaskSpread spread{tasks, 0};
  std::unordered_map<uint64_t, int64_t> runs;  // of each task that gets any
  for (const uint64_t number : numbers) {
    spread.fullest = std::max(spread.fullest, ++runs[number % static_cast<uint64_t>(tasks)]);
  }
  return spread;
}

TaskSpread FindEvenSpread(std::span<const uint64_t> numbers, int64_t tasks) {
  const auto runs = static_cast<int64_t>(numbers.size());
  for (int64_t distance = 0; distance < tasks; ++distance) {  // one task gets an even share
    for (const int64_t other : {tasks + distance, tasks - distance}) {
      const TaskSpread spread = SpreadOver(numbers, other);
      if (IsEven(spread, runs)) return spread;
    }
  }
  return SpreadOver(numbers, 1);
}

}  // namespace dse
