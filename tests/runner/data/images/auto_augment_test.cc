#include "runner/data/images/auto_augment.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "core/hash.h"

namespace dse::auto_augment_test {
namespace {

const std::map<std::string, AugmentOperation> kOperations{
    {"ShearX", AugmentOperation::kShearX},       {"Rotate", AugmentOperation::kRotate},
    {"Color", AugmentOperation::kColor},         {"Contrast", AugmentOperation::kContrast},
    {"Sharpness", AugmentOperation::kSharpness}, {"Posterize", AugmentOperation::kPosterize},
    {"Solarize", AugmentOperation::kSolarize},   {"AutoContrast", AugmentOperation::kAutoContrast},
    {"Equalize", AugmentOperation::kEqualize},   {"Invert", AugmentOperation::kInvert},
};

// Rows of tests/data/auto-augment.csv that begin with `kind`: what torchvision and Pillow make, see
// the script beside it.
std::vector<std::vector<std::string>> GoldenRows(const std::string& kind) {
  std::ifstream file(DSE_TEST_DATA "/auto-augment.csv");
  std::vector<std::vector<std::string>> rows;
  std::string line;
  while (std::getline(file, line)) {
    std::vector<std::string> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
    if (row.at(0) == kind) rows.push_back(row);
  }
  return rows;
}

constexpr int kSide = 24;

// The script's picture.
std::vector<uint8_t> Picture() {
  std::vector<uint8_t> pixels;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      for (int c = 0; c < 3; ++c) {
        pixels.push_back(
            static_cast<uint8_t>((7 * x + 11 * y + 50 * c + x * y % 13 * 5) % 200 + 20));
      }
    }
  }
  return pixels;
}

TEST_CASE("AutoAugment's operations give Pillow's pixels") {
  const auto rows = GoldenRows("image");
  REQUIRE(rows.size() == 30);
  AugmentScratch scratch;
  for (const auto& row : rows) {
    INFO(row[1] << " " << row[2]);
    std::vector<uint8_t> pixels = Picture();
    ApplyOperation(kOperations.at(row[1]), std::stod(row[2]), kSide, pixels.data(), scratch);
    CHECK(ShortHash({reinterpret_cast<const char*>(pixels.data()), pixels.size()}) == row[3]);
  }
}

TEST_CASE("the policy and its magnitudes are torchvision's") {
  const auto rows = GoldenRows("policy");
  REQUIRE(rows.size() == 2 * kSubPolicies);
  for (const auto& row : rows) {
    INFO("sub-policy " << row[1] << ", step " << row[2]);
    const AugmentStep& step = kImagenetPolicy.at(std::stoul(row[1])).at(std::stoul(row[2]));
    CHECK(step.operation == kOperations.at(row[3]));
    CHECK(step.probability == std::stod(row[4]));
    CHECK(AugmentValue(step.operation, step.magnitude, false) == Approx(std::stod(row[5])));
    CHECK(AugmentValue(step.operation, step.magnitude, true) == Approx(std::stod(row[6])));
  }
}

TEST_CASE("a plain image has nothing to stretch or to equalize") {
  AugmentScratch scratch;
  for (const AugmentOperation operation :
       {AugmentOperation::kAutoContrast, AugmentOperation::kEqualize}) {
    std::vector<uint8_t> pixels(3 * kSide * kSide, 77);
    ApplyOperation(operation, 0, kSide, pixels.data(), scratch);
    CHECK(pixels == std::vector<uint8_t>(3 * kSide * kSide, 77));
  }
}

// Of the 25 sub-policies those that leave this picture as it is do so with the probabilities of
// their steps; only both steps left out count here, for every operation but Color at magnitude 0
// changes it. Worked from the table: the mean over sub-policies of (1 - p1)(1 - p2), where Color at
// magnitude 0 counts as left out.
double UnchangedShare() {
  double sum = 0;
  for (const SubPolicy& policy : kImagenetPolicy) {
    double unchanged = 1;
    for (const AugmentStep& step : policy) {
      const bool idle = step.operation == AugmentOperation::kColor && step.magnitude == 0;
      if (!idle) unchanged *= 1 - step.probability;
    }
    sum += unchanged / kSubPolicies;
  }
  return sum;
}

TEST_CASE("steps are taken with their probabilities") {
  const std::vector<uint8_t> picture = Picture();
  AugmentScratch scratch;
  constexpr int kDraws = 4000;
  int unchanged = 0;
  for (int i = 0; i < kDraws; ++i) {
    RandomStream random(StreamKey(5, "test"), static_cast<uint64_t>(i));
    std::vector<uint8_t> pixels = picture;
    AutoAugment(kSide, random, pixels.data(), scratch);
    unchanged += pixels == picture;
  }
  // Four standard deviations of a share of 4000.
  const double share = UnchangedShare();
  CHECK(unchanged / double{kDraws} ==
        Approx(share).margin(4 * std::sqrt(share * (1 - share) / kDraws)));
}

}  // namespace
}  // namespace dse::auto_augment_test
