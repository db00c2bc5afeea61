#pragma once

#include <string>
#include <vector>

#include "db/done_runs.h"
#include "runner/work/evaluate.h"
#include "tests/runner/work/study.h"

namespace dse {

// A study whose runs are done, and what testing their weights needs.
class TestedStudy {
 public:
  explicit TestedStudy(int networks);

  const std::string& db_path() const { return study_.db_path(); }
  const Study& study() const { return study_; }
  // On the images that the networks were trained on.
  EvalRequest Request() const;
  std::vector<DoneRun> runs() const;
  std::string WeightsOf(const DoneRun& run) const;
  // A file of weights of no tensors that names these classes, none where there are none.
  void KeepWeights(const DoneRun& run, const std::vector<std::string>& classes) const;
  // The same with the classes that the networks were trained on.
  void KeepWeights(const DoneRun& run) const;

 private:
  Study study_;
};

}  // namespace dse
