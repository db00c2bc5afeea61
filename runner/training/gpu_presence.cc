#include "runner/training/gpu_presence.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace dse {
namespace {

constexpr const char* kDriverFiles[] = {"/dev/nvidiactl", "/usr/lib/wsl/lib/libcuda.so.1",
                                        "/dev/nvhost-gpu"};

}  // namespace

bool HasNvidiaDriver() {
  return std::ranges::any_of(kDriverFiles, [](const char* file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
  });
}

bool HidesGpus() {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible != nullptr && (*visible == '\0' || std::string_view(visible).starts_with("-1"));
}

bool LoadsCuda() {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library != nullptr) dlclose(library);
  return library != nullptr;
}

}  // namespace dse
