#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>

#include "core/error.h"
#include "runner/trainers.h"
#include "runner/training/gpu_presence.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_model.h"

namespace dse::module_test {
namespace {

using Catch::Matchers::Contains;

// Sets a variable of the environment for a scope and puts back what was there.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    const char* old = std::getenv(name);
    if (old != nullptr) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

struct ModuleVariable : ScopedVariable {
  explicit ModuleVariable(const std::string& file) : ScopedVariable("DSE_TORCH_MODULE", file) {}
};

void CheckWorkersFault(const TrainerOptions& options) {
  try {
    MakeTrainer(options);
    FAIL("a trainer was made");
  } catch (const Error& failure) {
    CHECK(failure.fault() == Fault::kWorker);
  }
}

}  // namespace

// On the CPU, so that it does not matter whether the machine has a GPU.
const TrainerOptions kCpu{"cpu"};
const TrainerOptions kTorch{.device = "cpu", .engine = "torch"};
const TrainerOptions kNativeWanted{.engine = "native"};

TEST_CASE("a missing LibTorch module is an error that says where it was looked for") {
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  for (const TrainerOptions& options : {kTorch, TrainerOptions{"cuda"}}) {
    CHECK_THROWS_WITH(MakeTrainer(options), Contains("looked for /nowhere/libdse_torch.so") &&
                                                Contains("-DDSE_WITH_TORCH=ON") &&
                                                Contains("--engine native"));
    CheckWorkersFault(options);
  }
}

TEST_CASE(
    "the native engine trains, tests and is measured on the CPU, with or without the module") {
  const TempFolder folder;
  for (const std::string& module : {folder.Write("libdse_torch.so", "is never opened"),
                                    std::string("/nowhere/libdse_torch.so")}) {
    const ModuleVariable variable(module);
    CHECK(MakeTrainer(kCpu)->EngineFor(TinyModel("X"), {}).name == kNative);
    CHECK(MakeTrainer(kCpu)->device().Name() == "cpu, 1 thread");
    MakeTrainer(kCpu)->FreeMemory();
    CHECK(MakeMeter(kCpu, Precision::kAuto)->engine().name == kNative);
  }
}

TEST_CASE("what the native engine cannot is LibTorch's, where its module is there") {
  Recipe recipe;
  recipe.precision = Precision::kBf16;
  const TempFolder folder;
  {
    const ModuleVariable variable(folder.Write("libdse_torch.so", "not a library"));
    const auto trainer = MakeTrainer(kCpu);
    CHECK_THROWS_WITH(trainer->EngineFor(TinyModel("X"), recipe), Contains("does not load"));
    CHECK(trainer->EngineFor(TinyModel("X"), {}).name == kNative);
    CHECK_THROWS_WITH(MakeMeter(kCpu, Precision::kBf16), Contains("does not load"));
  }
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  CHECK_THROWS_WITH(MakeTrainer(kCpu)->ResolvePrecision(TinyModel("X"), recipe),
                    Contains("native") && Contains("has no precision bf16"));
  CHECK_THROWS_WITH(MakeMeter(kCpu, Precision::kBf16)->ResolvePrecision(Precision::kBf16),
                    Contains("precision bf16"));
}

TEST_CASE("the native engine is taken where it is asked for, and never on a GPU") {
  CHECK(MakeTrainer(kNativeWanted)->EngineFor(TinyModel("X"), {}).name == kNative);
  CHECK(ResolveDevice(kNativeWanted).device == "cpu");
  CHECK(ResolveDevice({"cuda"}).device == "cuda");
  for (const char* none : {"", "-1", "-1,0"}) {
    const ScopedVariable hidden("CUDA_VISIBLE_DEVICES", none);
    CHECK(HidesGpus());
    CHECK(ResolveDevice({"auto"}).device == "cpu");
  }
  const ScopedVariable first("CUDA_VISIBLE_DEVICES", "0");
  CHECK_FALSE(HidesGpus());
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  if (!HasNvidiaDriver()) CHECK(ResolveDevice({"auto"}).device == "cpu");
  CHECK_THROWS_WITH(MakeTrainer({.device = "cuda:0", .engine = "native"}),
                    Contains("--device cuda:0"));
}

TEST_CASE("the native engine says which precisions it has not") {
  Recipe recipe;
  recipe.precision = Precision::kBf16;
  const auto trainer = MakeTrainer(kNativeWanted);
  CHECK_THROWS_WITH(trainer->ResolvePrecision(TinyModel("X"), recipe),
                    Contains("native") && Contains("has no precision bf16"));
  for (const Precision word : {Precision::kAuto, Precision::kFp32, Precision::kTf32}) {
    recipe.precision = word;
    CHECK(trainer->ResolvePrecision(TinyModel("X"), recipe) == Precision::kFp32);
  }
}

TEST_CASE("without the module the GPUs cannot be told, which is no empty list") {
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  CHECK_THROWS_WITH(ListGpus(), Contains("looked for /nowhere/libdse_torch.so"));
}

TEST_CASE("a file that is no module is an error with the loader's reason") {
  const TempFolder folder;
  const ModuleVariable variable(folder.Write("libdse_torch.so", "not a library"));
  CHECK_THROWS_WITH(MakeTrainer(kTorch), Contains("does not load") && Contains("libdse_torch.so"));
  CheckWorkersFault(kTorch);
}

TEST_CASE("a library of somebody else is no module") {
  Dl_info libc{};
  REQUIRE(dladdr(reinterpret_cast<void*>(&std::getenv), &libc) != 0);
  const ModuleVariable variable(libc.dli_fname);
  CHECK_THROWS_WITH(MakeTrainer(kTorch), Contains("is no module of dse"));
  CheckWorkersFault(kTorch);
}

}  // namespace dse::module_test
