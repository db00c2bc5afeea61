#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "db/done_runs.h"
#include "db/evaluations.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"
#include "runner/work/train.h"

namespace dse {

// What `dse eval` was asked for.
struct EvalRequest {
  std::string db_path;
  std::string data;   // URI
  std::string split;  // test, val or train; "" = what the data have to test on
  ClassNaming naming;
  std::vector<std::string> populations;
  std::vector<std::string> recipes;
  std::string work_dir;  // of the weights; "" = DATABASE.d
  TrainerOptions trainer;
  bool again = false;  // test what has a result too
};

struct TestedRun {
  DoneRun run;
  Evaluation result;
  int outputs = 0;  // classes of the network
};

struct EvalSummary {
  std::unique_ptr<Dataset> data;  // that was tested on
  std::vector<TestedRun> tested;
  std::vector<std::string> problems;  // a sentence for each run that could not be tested
  int64_t runs = 0;
  int64_t without_weights = 0;
  bool interrupted = false;
};

struct EvalHooks {
  std::function<void(const DatasetInfo&)> on_open;
  std::function<void(const std::string& device)> on_device;
  std::function<void(int64_t done, int64_t all)> on_progress;
};

// Tests the kept weights of done runs on the images of one split and stores each result at once;
// what has a result already is not tested again (unless an older version stored it, which matched
// classes by their place). Which outputs the data's classes are is told by the names kept with the
// weights (class_map.h). Weights of older versions have none: if their training was on these data
// the classes are the same, in byte order; else the naming must say. SIGINT and SIGTERM end it
// after the run in hand. Throws Error: no finished run, no kept weights, data that do not open.
// What is wrong with one run is a problem of that run.
EvalSummary Evaluate(const EvalRequest& request, const TrainerFactory& factory,
                     const EvalHooks& hooks);

// "tested over 12 classes" or "tested over 200 of 1000 classes".
std::string TellClasses(const TestedRun& tested);

}  // namespace dse
