#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace dse {

// The distinct runs of a plan, in the order wanted. Copies share one list: who claims from a set
// again and again keeps one, for another set of the same ids is compared id by id.
class RunSet {
 public:
  RunSet() : RunSet(std::vector<int64_t>()) {}
  RunSet(std::vector<int64_t> ids);  // not explicit: a plan's list of ids is a set

  std::span<const int64_t> ids() const { return list_->ids; }
  size_t size() const { return list_->ids.size(); }
  // The position of a run, from 0; empty if it is not in the set. O(log n).
  std::optional<uint32_t> PositionOf(int64_t id) const;
  // Whether both are the same runs in the same order. O(1) for copies of one set.
  bool operator==(const RunSet& other) const;

 private:
  struct List {
    std::vector<int64_t> ids;
    std::vector<uint32_t> by_id;  // positions by ascending id; empty where the ids ascend
  };
  std::shared_ptr<const List> list_;
};

}  // namespace dse
