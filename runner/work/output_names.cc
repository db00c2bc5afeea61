#include "runner/work/output_names.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "runner/training/safetensors.h"
#include "runner/training/weights_metadata.h"

namespace dse {

std::vector<std::string> AllUtf8(std::vector<std::string> names) {
  for (std::string& name : names) name = AsUtf8(name);
  return names;
}

OutputNames::OutputNames(std::string uri, int threads) : uri_(std::move(uri)), threads_(threads) {}

ClassList OutputNames::Of(const DoneRun& run, const Model& model, const std::string& weights) {
  ClassList list{"the network of run " + std::to_string(run.run_id), {}, model.frame.classes};
  list.names = ReadClassNames(ReadSafetensorsMetadata(weights), weights);
  if (list.names.empty() && IsTrainedOn(run)) list.names = OfOlderVersions();
  if (!list.names.empty() && static_cast<int>(list.names.size()) != list.count) {
    throw Error(fmt::format("{}: names {} classes and its network has {} outputs", weights,
                            list.names.size(), list.count));
  }
  return list;
}

// Whether the data are those of the run's training, by what versions without names called them.
bool OutputNames::IsTrainedOn(const DoneRun& run) {
  if (!opened_) {
    opened_ = true;
    try {
      whole_ = OpenDataset(uri_, threads_)->info();
    } catch (const Error& error) {  // images to test on alone: not what a training read
      if (error.fault() == Fault::kMachine) throw;
    }
  }
  return whole_ &&
         (run.fingerprint == whole_->fingerprint ||
          (!whole_->old_fingerprint.empty() && run.fingerprint == whole_->old_fingerprint));
}

// These versions had the classes of folders in byte order, numbers too.
std::vector<std::string> OutputNames::OfOlderVersions() const {
  std::vector<std::string> names = AllUtf8(whole_->class_names);
  if (uri_.starts_with("folder:")) std::sort(names.begin(), names.end());
  return names;
}

}  // namespace dse
