#pragma once

#include <string>

#include "runner/training/recipe.h"

namespace dse {

// What this process sees of the machine's GPUs.
struct GpuSurvey {
  bool built_for_gpus = false;  // this build has GPU code
  bool driver = false;          // HasNvidiaDriver
  bool hidden = false;          // HidesGpus
  int count = 0;                // GPUs that can be used
  std::string failure;          // CUDA's sentence, where there is none
};

// The GPU's number, or -1 for the CPU, that "auto", "cpu", "cuda" or "cuda:N" names. auto is the
// first GPU, and the CPU on a machine without a GPU. Throws Error for other words, for a GPU that
// is not there, and for auto where the machine has GPUs of which none can be used: somebody who has
// them does not want days on the CPU.
int ChooseDevice(const std::string& name, const GpuSurvey& survey);

// What a device can compute in; the default is the CPU.
struct DeviceAbility {
  bool gpu = false;
  int major = 0;  // compute capability
  int minor = 0;
};

// What a precision word means there: auto is bf16 on GPUs that have it (8.0 and later) and fp32
// elsewhere; tf32 is fp32 where there is none. Throws Error, the machine's fault, for fp16 on the
// CPU and for bf16 on earlier GPUs, which do not train in it.
Precision MeaningOf(Precision word, const DeviceAbility& ability);

// Whether a build for `architectures` runs on a GPU: "75-real,90-real,120-virtual", as CMake has
// them. Code for X.Y runs on X.Z, Z >= Y; virtual code on everything from there on. A list with
// words that say nothing, such as "native", is taken to.
bool HasCodeFor(const std::string& architectures, const DeviceAbility& gpu);
// Throws Error with a sentence unless it does.
void CheckHasCode(const std::string& architectures, const DeviceAbility& gpu,
                  const std::string& device_name);

}  // namespace dse
