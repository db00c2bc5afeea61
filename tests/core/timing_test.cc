#include "core/timing.h"

#include <catch2/catch.hpp>

namespace dse::timing_test {

TEST_CASE("hours of 100 epochs of ImageNet follow from the time of a step") {
  // 1,281,167 images in batches of 128 are 10,009 steps an epoch.
  CHECK(ImageNetHours(100, 128) == Approx(27.803).epsilon(1e-4));
}

}  // namespace dse::timing_test
