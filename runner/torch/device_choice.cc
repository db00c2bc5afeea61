#include "runner/torch/device_choice.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "core/error.h"

namespace dse {
namespace {

constexpr int kFirstWithBf16 = 8;   // major compute capability; TF32 too
constexpr int kFirstOfCuda13 = 75;  // what CUDA 13 and its LibTorch still know
constexpr const char* kCpuInstead = "use --device cpu for the CPU";

[[noreturn]] void FailWithoutGpus(const std::string& name, const GpuSurvey& survey) {
  if (!survey.built_for_gpus) {
    throw Error("device '" + name +
                    "': this build has no GPU code; build it where a CUDA toolkit is, or use "
                    "--device cpu",
                Fault::kMachine);
  }
  throw Error("device '" + name + "': no usable GPU was found (" + survey.failure +
                  "); check nvidia-smi and the driver, or " + kCpuInstead,
              Fault::kMachine);
}

// The N of "cuda:N"; -1 for other words.
int GpuNumber(const std::string& name) {
  const std::string prefix = "cuda:";
  const std::string digits = name.starts_with(prefix) ? name.substr(prefix.size()) : "";
  const bool numeric =
      !digits.empty() && digits.size() <= 3 &&
      std::all_of(digits.begin(), digits.end(), [](unsigned char c) { return std::isdigit(c); });
  return numeric ? std::stoi(digits) : -1;
}

std::string CapabilityText(int architecture) {
  return std::to_string(architecture / 10) + "." + std::to_string(architecture % 10);
}

// An entry of the list: "90-real", "120-virtual", "90" for both, "90a-real".
struct Architecture {
  int number = 0;         // 90; 0 where the entry is a word such as "native"
  bool specific = false;  // "90a": runs on 9.0 alone
  bool real = true;
  bool forward = true;  // with virtual code
};

Architecture ParseArchitecture(const std::string& entry) {
  Architecture architecture;
  size_t digits = 0;
  while (digits < entry.size() && std::isdigit(static_cast<unsigned char>(entry[digits])) != 0) {
    ++digits;
  }
  if (digits == 0 || digits > 4) return architecture;
  architecture.number = std::stoi(entry.substr(0, digits));
  architecture.specific = digits < entry.size() && entry[digits] != '-';
  architecture.real = !entry.ends_with("-virtual");
  architecture.forward = !entry.ends_with("-real");
  return architecture;
}

bool RunsOn(const Architecture& architecture, int gpu) {
  if (architecture.number == 0) return true;
  if (architecture.specific) return architecture.number == gpu;
  if (architecture.number > gpu) return false;
  return architecture.forward || architecture.number / 10 == gpu / 10;
}

}  // namespace

int ChooseDevice(const std::string& name, const GpuSurvey& survey) {
  if (name == "cpu") return -1;
  if (name == "auto") {
    if (survey.count > 0) return 0;
    if (survey.built_for_gpus && survey.driver && !survey.hidden) FailWithoutGpus(name, survey);
    return -1;
  }
  const int number = name == "cuda" ? 0 : GpuNumber(name);
  if (number < 0) throw Error("unknown device '" + name + "'; use auto, cpu, cuda or cuda:N");
  if (survey.count == 0) FailWithoutGpus(name, survey);
  if (number >= survey.count) {
    throw Error("device '" + name + "' is not there: this machine has " +
                    std::to_string(survey.count) +
                    (survey.count == 1 ? " GPU, cuda:0" : " GPUs, from cuda:0"),
                Fault::kMachine);
  }
  return number;
}

Precision MeaningOf(Precision word, const DeviceAbility& ability) {
  const bool modern = ability.gpu && ability.major >= kFirstWithBf16;
  switch (word) {
    case Precision::kAuto:
      return modern ? Precision::kBf16 : Precision::kFp32;
    case Precision::kTf32:
      return modern ? Precision::kTf32 : Precision::kFp32;
    case Precision::kFp16:
      if (!ability.gpu) {
        throw Error("precision fp16 needs a GPU; on the CPU use bf16 or fp32", Fault::kMachine);
      }
      break;
    case Precision::kBf16:
      if (ability.gpu && !modern) {
        throw Error(
            "precision bf16 needs a GPU of compute capability 8.0 or later, and this one "
            "has " +
                CapabilityText(10 * ability.major + ability.minor) +
                "; use fp16 or fp32, or auto, which is fp32 there",
            Fault::kMachine);
      }
      break;
    case Precision::kFp32:
      break;
  }
  return word;
}

bool HasCodeFor(const std::string& architectures, const DeviceAbility& gpu) {
  std::istringstream entries(architectures);
  for (std::string entry; std::getline(entries, entry, ',');) {
    if (RunsOn(ParseArchitecture(entry), 10 * gpu.major + gpu.minor)) return true;
  }
  return false;
}

void CheckHasCode(const std::string& architectures, const DeviceAbility& gpu,
                  const std::string& device_name) {
  if (HasCodeFor(architectures, gpu)) return;
  const int number = 10 * gpu.major + gpu.minor;
  const std::string cure = number < kFirstOfCuda13
                               ? "GPUs before 7.5, such as V100, need a LibTorch for CUDA 12 and a "
                                 "build with its toolkit"
                               : "build with -DCMAKE_CUDA_ARCHITECTURES=" + std::to_string(number);
  throw Error(device_name + ": has compute capability " + CapabilityText(number) +
                  ", for which this build has no code (it was built for " + architectures + "); " +
                  cure + ", or " + kCpuInstead,
              Fault::kMachine);
}

}  // namespace dse
