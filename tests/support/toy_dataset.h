#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "core/rng.h"
#include "runner/data/class_map.h"
#include "runner/data/dataset.h"

namespace dse {

// Three classes of 16 px images, a red, green or blue square somewhere on grey noise: learned in
// seconds.
class ToyDataset : public Dataset {
 public:
  ToyDataset(int64_t train, int64_t test,
             const std::vector<std::string>& names = {"red", "green", "blue"},
             const std::string& fingerprint = "0123456789abcdef") {
    info_.uri = "toy";
    info_.fingerprint = fingerprint;
    info_.class_names = names;
    info_.train_images = train;
    info_.test_images = test;
  }

  const DatasetInfo& info() const override { return info_; }
  int64_t Size(Split split) const override {
    return split == Split::kTrain ? info_.train_images : info_.test_images;
  }
  int Label(Split, int64_t index) const override { return static_cast<int>(index % 3); }

  Image Load(Split split, int64_t index) const override {
    constexpr int kSide = 16, kSquare = 6;
    RandomStream random(StreamKey(split == Split::kTrain ? 1 : 2, "toy"), index);
    Image image{kSide, kSide, std::vector<uint8_t>(kSide * kSide * 3)};
    for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(96 + random.Below(64));
    const auto top = static_cast<int>(random.Below(kSide - kSquare));
    const auto left = static_cast<int>(random.Below(kSide - kSquare));
    for (int y = top; y < top + kSquare; ++y) {
      for (int x = left; x < left + kSquare; ++x) {
        image.pixels[(y * kSide + x) * 3 + Label(split, index)] = 240;
      }
    }
    return image;
  }

 private:
  DatasetInfo info_;
};

// The outputs of a network that was trained on the data are their classes.
inline ClassMap OwnClasses(const Dataset& data) {
  const ClassList classes{"both", data.info().class_names, data.info().classes()};
  return MapClasses(classes, classes, {});
}

}  // namespace dse
