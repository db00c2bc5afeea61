#pragma once

#include <string>

namespace dse {

// What the time of a batch of images is of (dse bench).
struct TimingKey {
  std::string model_hash;
  bool training = false;  // a whole step; else inference
  std::string device;
  std::string precision;  // fp32, tf32, bf16, fp16
  int threads = 0;        // of the CPU; 0 on a GPU
  int batch_size = 0;
};

// What an analysis takes of it.
struct TimingRecord : TimingKey {
  double milliseconds = 0;  // median
};

// Hours of 100 epochs of ImageNet (1,281,167 images) by steps of so many ms, as in Tables 2 to 4 of
// the paper.
double ImageNetHours(double step_milliseconds, int batch_size);

}  // namespace dse
