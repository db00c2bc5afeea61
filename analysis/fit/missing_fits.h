#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/fit.h"
#include "core/result.h"

namespace dse {

// The quantized linear fits that members of some series lack: of those with a model and no fit,
// each network once. They are computed piece by piece, so that a caller can store what it has.
class MissingFits {
 public:
  // `name` (core/fit.h) says which fit is meant: kRefinedFitName or kDefaultGridName. The models
  // stay with `series` and are read there until the last fit is computed.
  MissingFits(std::span<const SeriesRecord> series, const std::string& name);

  int64_t total() const { return static_cast<int64_t>(fits_.size()); }
  int64_t computed() const { return static_cast<int64_t>(computed_); }
  bool done() const { return computed_ == fits_.size(); }

  // Computes the next `count` of them, fewer at the end, on all threads; by hash of the network.
  std::span<const std::pair<std::string, Fit>> ComputeNext(size_t count);

  // Gives every member that lacked its fit the one of its network. All of them must be computed.
  void FillIn(std::span<SeriesRecord> series) const;

 private:
  bool refined_;
  size_t computed_ = 0;
  std::vector<std::pair<std::string, Fit>> fits_;  // by hash
  std::vector<const Model*> models_;               // the same networks
};

}  // namespace dse
