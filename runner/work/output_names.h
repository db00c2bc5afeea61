#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model.h"
#include "db/done_runs.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"

namespace dse {

// Every name as well-formed UTF-8, which is how weights keep class names.
std::vector<std::string> AllUtf8(std::vector<std::string> names);

// Finds out what the outputs of networks with kept weights are called: as the weights say, or,
// where a version without names kept them, as the data are if the network was trained on these.
class OutputNames {
 public:
  // `uri` of the data, which are opened whole on `threads` threads when they are first needed.
  OutputNames(std::string uri, int threads);

  // Without names where nothing tells them. Throws Error for weights that cannot be read or name
  // other classes than the network has outputs.
  ClassList Of(const DoneRun& run, const Model& model, const std::string& weights);

 private:
  bool IsTrainedOn(const DoneRun& run);
  std::vector<std::string> OfOlderVersions() const;

  const std::string uri_;
  const int threads_;
  bool opened_ = false;
  std::optional<DatasetInfo> whole_;
};

}  // namespace dse
