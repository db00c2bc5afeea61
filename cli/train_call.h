#pragma once

#include <optional>
#include <span>
#include <string>

#include "db/plan.h"
#include "runner/work/device_assignment.h"

namespace dse {

// A call of `dse train` that was understood, but not carried out.
struct TrainCall {
  bool help = false;          // it only asked for --help, which was printed
  AssignmentRequest devices;  // how many workers it would start, and where
  std::string engine;         // auto, native, torch
  WantedRuns wanted;
};

// Reads the words behind `dse train` as the command itself does, with its errors: options, recipe,
// networks, data. Nothing is written.
TrainCall ReadTrainCall(std::span<const std::string> args);

}  // namespace dse
