#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runner/work/train.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_folder.h"

namespace dse {

// A database with one population of small networks, and what training it needs.
class Study {
 public:
  explicit Study(int networks, int classes = 10);

  const std::string& db_path() const { return db_path_; }
  const Dataset& data() const { return *data_; }
  // A path beside the database.
  std::string File(const std::string& name) const { return folder_ / name; }
  TrainRequest Request() const;
  // A single number out of the database.
  int64_t Query(const std::string& sql) const;
  std::string QueryText(const std::string& sql) const;

 private:
  TempFolder folder_;
  std::string db_path_;
  std::unique_ptr<Dataset> data_;
};

// A trainer that does what a test says. Copied into every worker by fork.
using FakeTraining = std::function<TrainingResult(const TrainingJob&, const TrainingHooks&)>;
TrainerFactory FakeTrainerFactory(FakeTraining training);
// One that tests kept weights as a test says, and trains nothing.
using FakeTest = std::function<EvaluationResult(const EvaluationJob&)>;
TrainerFactory FakeTesterFactory(FakeTest test);

// Goes through the recipe's epochs, each of `milliseconds`, with an error that depends on the
// network and the seed alone; stops when asked to.
TrainingResult TrainQuietly(const TrainingJob& job, const TrainingHooks& hooks,
                            int milliseconds = 0);

// The place of a network in the population: its first stage is that deep, less one.
int PlaceOf(const Model& model);

// Appends a line to a file in one write, so that processes do not mix theirs.
void AppendLine(const std::string& path, const std::string& line);
int64_t CountLines(const std::string& path);

// Runs Train in a process of its own, in a process group of its own. The exit code is 0, 130 if it
// was interrupted, 1 for an Error.
int StartTrain(const TrainRequest& request, const Dataset& data, const TrainerFactory& factory);
int WaitFor(int pid);  // and for its workers; exit code, or 128 + signal

}  // namespace dse
