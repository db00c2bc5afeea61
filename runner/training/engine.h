#pragma once

#include <memory>
#include <string>

#include "core/model.h"
#include "runner/training/device_info.h"
#include "runner/training/engine_info.h"
#include "runner/training/engine_network.h"
#include "runner/training/recipe.h"

// The lower seam: what a training (session.h) and a test (evaluation.h) ask of whatever computes.
// They know epochs, schedules, divergence, checkpoints and memory that ran out; an engine knows
// tensors. Plain structs cross, never a tensor.

namespace dse {

// Whether an engine can train a network with a recipe.
struct Support {
  bool supported = true;
  std::string reason;  // where it cannot: "block MBConv", "precision bf16"
};

// Computes networks on one device, or one replica on each of several, for one caller's thread.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual EngineInfo info() const = 0;
  // Asked before Make. What the device alone lacks is an Error of Make or of ResolvePrecision.
  virtual Support Supports(const Model& model, const Recipe& recipe) const = 0;

  virtual DeviceInfo device() const = 0;
  virtual int replicas() const = 0;
  virtual int threads() const = 0;  // of the CPU, also for reading images
  // What a precision word means on the device; never kAuto. Throws Error for none.
  virtual Precision ResolvePrecision(Precision precision) const = 0;

  // A new network with its initial values. At most one is alive at a time. Throws OutOfMemory and
  // Error, as the network's own calls do.
  virtual std::unique_ptr<EngineNetwork> Make(const NetworkRequest& request) = 0;
  // Gives memory back that networks left, before another is made in smaller parts.
  virtual void FreeMemory() = 0;
};

}  // namespace dse
