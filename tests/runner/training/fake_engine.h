#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "runner/training/device_info.h"
#include "runner/training/engine.h"
#include "runner/training/recipe.h"

namespace dse {

// What a fake engine is, does on purpose, and was asked. Empty functions change nothing.
struct FakeScript {
  EngineInfo info{"Fake", "1"};
  Support support{};
  Precision automatic = Precision::kFp32;  // what auto means
  bool behind = false;                     // as a GPU: the last loss cannot be had
  DeviceInfo device{};
  int replicas = 1;
  int fits = std::numeric_limits<int>::max();  // images of a part that memory suffices for
  bool host_memory = false;                    // what runs out is told by std::bad_alloc
  bool certain = true;                         // that it was memory
  std::function<double(int64_t step, double loss)> loss;   // of a step of this network, from 0
  std::function<double(int test, double loss)> test_loss;  // summed, of a test pass, from 0
  std::function<int64_t(int test, int64_t images)> wrong;  // of a test pass
  std::function<void(const std::string& call)> before;     // each call

  // "make 1x2", "tally 3", "step 8 0.1" (images before and rate), "take", "statistics", "add",
  // "store", "drop", "share", "swap", "test 8", "test 8 of 0,2", "give", "give all", "put",
  // "put all", "free"
  std::vector<std::string> calls;
  // Those calls, with " | " between them.
  std::string Calls() const;
};

// Computes with a single number w, from its seed: every step moves it by images, labels, rate and a
// momentum, and running statistics follow the batches; so what is left out or done twice shows in
// the losses. What it gives as a network has the names and shapes of the plan. The script must
// outlive it.
std::unique_ptr<Engine> MakeFakeEngine(FakeScript& script);

}  // namespace dse
