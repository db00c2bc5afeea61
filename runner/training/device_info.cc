#include "runner/training/device_info.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace dse {
namespace {

constexpr size_t kShortUuid = 12;  // "GPU-3f1b0c52", which nvidia-smi takes too

// "8 x NVIDIA A100", "4 x NVIDIA A100 + 4 x NVIDIA H100", in the order of the GPUs.
std::string CountKinds(const std::vector<GpuIdentity>& gpus) {
  std::vector<std::pair<std::string, int>> kinds;
  for (const GpuIdentity& gpu : gpus) {
    const auto found =
        std::ranges::find(kinds, gpu.name, [](const auto& kind) { return kind.first; });
    if (found == kinds.end()) {
      kinds.emplace_back(gpu.name, 1);
    } else {
      ++found->second;
    }
  }
  std::string text;
  for (const auto& [name, count] : kinds) {
    text += (text.empty() ? "" : " + ") + std::to_string(count) + " x " + name;
  }
  return text;
}

}  // namespace

std::string DeviceInfo::Name() const {
  if (gpus.empty()) {
    return "cpu, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  }
  const std::string place = "cuda:" + std::to_string(gpus.front().index);
  if (gpus.size() == 1) return place + ", " + Kind() + ", " + gpus.front().uuid;
  std::string uuids;
  for (const GpuIdentity& gpu : gpus) {
    uuids += (uuids.empty() ? "" : " ") + gpu.uuid.substr(0, kShortUuid);
  }
  return place + "-" + std::to_string(gpus.back().index) + ", " + Kind() + ", " + uuids;
}

std::string DeviceInfo::Kind() const {
  if (gpus.empty()) return "cpu";
  return gpus.size() == 1 ? gpus.front().name : CountKinds(gpus);
}

std::string UuidText(std::span<const char, 16> bytes, const std::string& gpu_name) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text = gpu_name.find(" MIG ") == std::string::npos ? "GPU-" : "MIG-";
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace dse
