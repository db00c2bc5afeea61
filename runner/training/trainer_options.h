#pragma once

#include <string>

namespace dse {

// Where networks are trained.
struct TrainerOptions {
  std::string device = "auto";  // auto, cpu, cuda, cuda:N
  int threads = 1;              // of the CPU for this trainer, shared by its replicas
  // Copies of the network that train one batch together, each on its share of the images: on the
  // GPUs from the device's on, or in threads of the CPU.
  int replicas = 1;
  std::string engine = "auto";  // auto, native, torch; what auto means says trainers.h
};

}  // namespace dse
