#include "runner/torch_module.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// Where the module may lie, the first that exists counts: beside the program where it was built;
// where it is installed, as seen from the program's folder; where other machines keep their
// libraries.
std::vector<std::string> ModulePaths() {
  const char* chosen = std::getenv("DSE_TORCH_MODULE");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  std::error_code failure;
  const fs::path program = fs::read_symlink("/proc/self/exe", failure);
  if (failure) throw Error("cannot find the program's own folder: " + failure.message());
  const fs::path folder = program.parent_path();
  std::vector<std::string> paths;
  for (const char* place : {".", DSE_TORCH_MODULE_FOLDER, "../lib/dse", "../lib64/dse",
                            "../lib/" DSE_LIBRARY_TRIPLET "/dse"}) {
    const std::string path = (folder / place / kTorchModuleFile).lexically_normal();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
  }
  return paths;
}

}  // namespace

std::string TorchModulePath() {
  std::string looked;
  for (const std::string& path : ModulePaths()) {
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
    looked += (looked.empty() ? "" : ", ") + path;
  }
  throw Error(
      "training needs the LibTorch module, which is not there (looked for " + looked +
          "); build with -DDSE_WITH_TORCH=ON, set DSE_TORCH_MODULE to the file, or train on the "
          "CPU with --engine native",
      Fault::kWorker);
}

bool HasTorchModule() {
  return std::ranges::any_of(ModulePaths(), [](const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
  });
}

void LetTorchUseHugePages() { ::setenv("THP_MEM_ALLOC_ENABLE", "1", /*overwrite=*/0); }

template <typename Function>
Function* FindSymbol(void* module, const std::string& path, const char* name) {
  void* symbol = dlsym(module, name);
  if (symbol == nullptr) {
    throw Error(path + ": is no module of dse ('" + name + "' is missing)", Fault::kWorker);
  }
  return reinterpret_cast<Function*>(symbol);
}

namespace {

// The module stays open until the process ends: LibTorch cannot be unloaded.
void* OpenModule(const std::string& path) {
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module != nullptr) return module;
  const char* reason = dlerror();
  throw Error("the LibTorch module does not load: " +
                  std::string(reason == nullptr ? path : std::string(reason)),
              Fault::kWorker);
}

// Finds `name` in the module of this build.
template <typename Function>
Function* FindInModule(const char* name) {
  const std::string path = TorchModulePath();
  void* module = OpenModule(path);
  auto* build =
      FindSymbol<decltype(dse_torch_module_build)>(module, path, "dse_torch_module_build");
  if (build() != TorchModuleBuild()) {
    throw Error(path + ": belongs to another build of dse (" + build() + ", this program is " +
                    TorchModuleBuild() + "); build both together",
                Fault::kWorker);
  }
  return FindSymbol<Function>(module, path, name);
}

}  // namespace

std::unique_ptr<Engine> OpenTorchEngine(const TrainerOptions& options) {
  return std::unique_ptr<Engine>(
      FindInModule<decltype(dse_make_torch_engine)>("dse_make_torch_engine")(&options));
}

std::vector<GpuIdentity> ListTorchGpus() {
  std::vector<GpuIdentity> gpus;
  FindInModule<decltype(dse_list_gpus)>("dse_list_gpus")(&gpus);
  return gpus;
}

std::unique_ptr<Meter> OpenTorchMeter(const TrainerOptions& options) {
  return std::unique_ptr<Meter>(
      FindInModule<decltype(dse_make_torch_meter)>("dse_make_torch_meter")(&options));
}

}  // namespace dse
