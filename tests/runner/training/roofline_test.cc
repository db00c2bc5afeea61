#include "runner/training/roofline.h"

#include <catch2/catch.hpp>

namespace dse::roofline_test {

// RegNetX-400MF on a GPU of 800 TFLOP/s and 3 TB/s, reckoned by hand.
constexpr Complexity kRegNet{397'700'000, 5'160'000, 3'143'000};
constexpr DevicePeaks kGpu{800e12, 3e12};

TEST_CASE("a training step is bound by memory traffic and ends with the update") {
  // 6.8 passes of 2 bytes over the activations of 128 images, and 24 bytes a parameter.
  const double traffic = 6.8 * 2 * 3.143e6 * 128 / 3e12, update = 24 * 5.16e6 / 3e12;
  CHECK(RooflineMilliseconds(kRegNet, 128, Precision::kBf16, true, kGpu) ==
        Approx(1e3 * (traffic + update)));
  CHECK(RooflineMilliseconds(kRegNet, 128, Precision::kTf32, true, kGpu) ==
        Approx(1e3 * (2 * traffic + update)));
}

TEST_CASE("inference is forward alone") {
  CHECK(RooflineMilliseconds(kRegNet, 64, Precision::kBf16, false, kGpu) ==
        Approx(1e3 * 2.3 * 2 * 3.143e6 * 64 / 3e12));
}

TEST_CASE("arithmetic is the bound where memory is fast") {
  CHECK(RooflineMilliseconds(kRegNet, 64, Precision::kFp32, false, {1e12, 1e15}) ==
        Approx(1e3 * 2 * 397.7e6 * 64 / 1e12));
  CHECK(RooflineMilliseconds({1000, 0, 0}, 10, Precision::kFp32, true, {1e3, 1e15}) == Approx(6e4));
}

}  // namespace dse::roofline_test
