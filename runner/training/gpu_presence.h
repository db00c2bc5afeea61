#pragma once

namespace dse {

// What is known of NVIDIA GPUs without asking CUDA, which takes its time.

// Whether a driver's file is there: of Linux, of Windows below it (WSL), or of a Jetson.
bool HasNvidiaDriver();

// Whether CUDA_VISIBLE_DEVICES hides all GPUs: it is empty, or begins with -1.
bool HidesGpus();

// Whether it is worth asking CUDA: there is a driver, or its library loads, and nothing is hidden.
bool MayHaveGpus();

}  // namespace dse
