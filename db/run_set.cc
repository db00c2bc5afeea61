#include "db/run_set.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace dse {

RunSet::RunSet(std::vector<int64_t> ids) {
  auto list = std::make_shared<List>();
  list->ids = std::move(ids);
  if (!std::ranges::is_sorted(list->ids)) {
    list->by_id.resize(list->ids.size());
    std::iota(list->by_id.begin(), list->by_id.end(), 0u);
    std::ranges::sort(list->by_id, {}, [&](uint32_t at) { return list->ids[at]; });
  }
  list_ = std::move(list);
}

std::optional<uint32_t> RunSet::PositionOf(int64_t id) const {
  const std::vector<int64_t>& ids = list_->ids;
  if (list_->by_id.empty()) {
    const auto at = std::ranges::lower_bound(ids, id);
    if (at == ids.end() || *at != id) return std::nullopt;
    return static_cast<uint32_t>(at - ids.begin());
  }
  const auto at =
      std::ranges::lower_bound(list_->by_id, id, {}, [&](uint32_t place) { return ids[place]; });
  if (at == list_->by_id.end() || ids[*at] != id) return std::nullopt;
  return *at;
}

bool RunSet::operator==(const RunSet& other) const {
  return list_ == other.list_ || list_->ids == other.list_->ids;
}

}  // namespace dse
