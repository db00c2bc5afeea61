#include <catch2/catch.hpp>
#include <vector>

#include "runner/torch/probes.h"

namespace dse::fused_norm_test {
namespace {

using probe::NormCase;

// Float has 24 bits; sums over a few thousand terms and a division by the deviation lose some of
// them.
constexpr double kTolerance = 2e-5;

TEST_CASE("The fused normalisation agrees with ATen's in double for every combination of flags") {
  for (const bool residual : {false, true}) {
    for (const bool relu : {false, true}) {
      for (const bool training : {false, true}) {
        NormCase norm_case;
        norm_case.residual = residual;
        norm_case.relu = relu;
        norm_case.training = training;
        CAPTURE(residual, relu, training);
        const probe::NormErrors errors = probe::CompareNorms(norm_case);
        CHECK(errors.fused < kTolerance);
        CHECK(errors.plain < kTolerance);
      }
    }
  }
}

TEST_CASE("The fused normalisation takes any number of channels and rows") {
  for (const int channels : {1, 3, 8, 12, 24, 30, 33, 56, 152, 368, 1000}) {
    for (const int side : {1, 3, 14}) {
      NormCase norm_case;
      norm_case.images = 5;
      norm_case.channels = channels;
      norm_case.side = side;
      norm_case.residual = true;
      CAPTURE(channels, side);
      CHECK(probe::CompareNorms(norm_case).fused < 1e-4);
    }
  }
}

TEST_CASE("The variance does not cancel where the mean is a thousand deviations away") {
  NormCase norm_case;
  norm_case.images = 32;
  norm_case.mean = 1000;
  // The inputs themselves are only good to 6e-5 of a deviation.
  CHECK(probe::CompareNorms(norm_case).fused < 1e-3);
}

TEST_CASE("The fused normalisation gives the same bits for any number of threads") {
  NormCase norm_case;
  norm_case.images = 64;
  norm_case.side = 16;
  norm_case.residual = true;
  const std::vector<float> one = probe::FusedNormValues(norm_case);
  for (const int threads : {2, 3}) {
    norm_case.threads = threads;
    CHECK(probe::FusedNormValues(norm_case) == one);
  }
}

TEST_CASE("Row kernels of all instruction sets agree") {
  for (const int channels : {1, 8, 16, 24, 40, 100}) {
    for (const int rows : {1, 7, 64, 333}) {
      CAPTURE(channels, rows);
      CHECK(probe::CompareRowKernels(channels, rows) < 1e-5);
    }
  }
}

}  // namespace
}  // namespace dse::fused_norm_test
