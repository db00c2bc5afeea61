#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/error.h"
#include "runner/trainers.h"
#include "tests/support/temp_folder.h"

namespace dse {
namespace {

using Catch::Matchers::Contains;

// Sets DSE_TORCH_MODULE for a scope and puts back what was there.
class ModuleVariable {
 public:
  explicit ModuleVariable(const std::string& value) {
    const char* old = std::getenv(kName);
    if (old != nullptr) old_ = old;
    setenv(kName, value.c_str(), 1);
  }
  ~ModuleVariable() { old_.empty() ? unsetenv(kName) : setenv(kName, old_.c_str(), 1); }

 private:
  static constexpr const char* kName = "DSE_TORCH_MODULE";
  std::string old_;
};

}  // namespace

TEST_CASE("a missing LibTorch module is an error that says where it was looked for") {
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  CHECK_THROWS_WITH(MakeTrainer({}), Contains("looked for /nowhere/libdse_torch.so") &&
                                         Contains("-DDSE_WITH_TORCH=ON"));
}

TEST_CASE("without the module the GPUs cannot be told, which is no empty list") {
  const ModuleVariable variable("/nowhere/libdse_torch.so");
  CHECK_THROWS_WITH(ListGpus(), Contains("looked for /nowhere/libdse_torch.so"));
}

TEST_CASE("a file that is no module is an error with the loader's reason") {
  const TempFolder folder;
  const ModuleVariable variable(folder.Write("libdse_torch.so", "not a library"));
  CHECK_THROWS_WITH(MakeTrainer({}), Contains("does not load") && Contains("libdse_torch.so"));
}

TEST_CASE("a library of somebody else is no module") {
  Dl_info libc{};
  REQUIRE(dladdr(reinterpret_cast<void*>(&std::getenv), &libc) != 0);
  const ModuleVariable variable(libc.dli_fname);
  CHECK_THROWS_WITH(MakeTrainer({}), Contains("is no module of dse"));
}

}  // namespace dse
