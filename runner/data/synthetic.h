#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runner/data/dataset.h"

namespace dse {

// The embedded dataset: 4,000 training and 1,000 test images of 32 x 32 pixels in 10 classes, five
// shapes times two textures, drawn with integer arithmetic so that every machine makes the same
// bytes. Position, size, direction and colours are random, other things lie about, and one label in
// 25 is replaced by a random class: no network reaches 0. `grade` is "" for these; "easy" has
// larger figures that nearly all are in their class's own shade, and one label in 100 replaced;
// "hard" has smaller ones of any colour, in more noise and clutter. README of this folder shows
// what networks reach. Throws Error for another grade.
std::unique_ptr<Dataset> MakeSyntheticDataset(const std::string& grade, int threads);

}  // namespace dse
