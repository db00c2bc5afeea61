#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/complexity.h"
#include "core/draw.h"
#include "core/fit.h"
#include "core/json.h"
#include "core/model.h"
#include "core/units.h"

namespace dse {

// The life of a run. Done, diverged and out_of_memory are final; failed may be tried again.
enum class RunState { kPending, kRunning, kDone, kDiverged, kOutOfMemory, kFailed, kCancelled };
extern const std::span<const Word<RunState>> kRunStateWords;
const char* RunStateText(RunState state);

// How many runs are in each state.
class StateCounts {
 public:
  int64_t& operator[](RunState state) { return counts_[static_cast<size_t>(state)]; }
  int64_t operator[](RunState state) const { return counts_[static_cast<size_t>(state)]; }
  int64_t total() const;
  // Those that will not be trained again: all but pending, running and failed.
  int64_t final() const;
  // "7 done, 2 pending" for people; done always, the others where there are any.
  std::string Text() const;

 private:
  std::array<int64_t, 7> counts_{};
};

// What an epoch of training came to. A trainer reports all of it; what is empty was not finite, or
// is not known of a training elsewhere.
struct EpochRecord {
  int64_t epoch = 0;                    // from 1
  double lr = 0;                        // as applied (scaled to the batch)
  std::optional<double> train_loss{};   // mean over the epoch
  std::optional<double> train_error{};  // top-1 percent over the epoch's augmented batches
  std::optional<double> test_loss{};
  std::optional<double> test_error{};  // top-1 percent
  double seconds = 0;
};

// Which of a run's errors counts: of the last epoch, or the lowest over epochs.
enum class ErrorKind { kLast, kBest };

// The test error after an epoch of a run's last attempt, in percent.
struct EpochError {
  int epoch = 0;  // from 1
  std::optional<double> test_error;
};

// One repeat of one member.
struct RunRecord {
  RunState state = RunState::kPending;
  uint64_t seed = 0;
  std::optional<double> error;       // top-1 on the test split in percent, last epoch; kDone only
  std::optional<double> best_error;  // lowest over epochs
  std::optional<double> seconds;     // training and testing, wall clock
  bool micro_batched = false;        // batch statistics were of smaller batches
  std::vector<EpochError> epochs;    // by epoch; empty unless asked for
  std::string precision;             // that it was trained in: "fp32", "bf16"; "" if unknown
  std::string engine;                // that trained it: "LibTorch 2.11.0"; "" if unknown
};

// One member of a series with all its repeats, by seed.
struct MemberRecord {
  int64_t index = 0;
  std::string hash;            // "" for an imported row without a model
  std::optional<Model> model;  // absent where only numbers were imported
  Complexity complexity;       // zero without a model
  std::optional<double> lr;    // effective: the recipe's, or the member's own
  std::optional<double> weight_decay;
  std::optional<Fit> fit;                    // the one asked for, where it is stored
  std::map<std::string, double> properties;  // imported numeric columns
  std::vector<RunRecord> runs;
};

// A series: (population, recipe, dataset), what one EDF shows. Members by index; every member of
// the population is present, also those without a run.
struct SeriesRecord {
  std::string population;
  std::string space;         // name of the space, "" if named by hand or imported
  std::string recipe;        // name
  std::string dataset;       // URI as first given
  std::optional<Band> band;  // of flops, where the population was drawn in one
  std::vector<MemberRecord> members;
};

}  // namespace dse
