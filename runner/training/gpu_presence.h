#pragma once

namespace dse {

// What is known of NVIDIA GPUs without asking CUDA, which takes its time.

// Whether a driver's file is there: of Linux, of Windows below it (WSL), or of a Jetson.
bool HasNvidiaDriver();

// Whether CUDA_VISIBLE_DEVICES hides all GPUs: it is empty, or begins with -1.
bool HidesGpus();

// Whether CUDA's library of the driver loads, wherever its files are.
bool LoadsCuda();

}  // namespace dse
