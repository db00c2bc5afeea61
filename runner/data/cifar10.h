#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runner/data/dataset.h"
#include "runner/data/memory_images.h"

namespace dse {

// The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): records of one byte
// of label, 0..9, and 3 planes, red, green, blue, of 32 rows of 32 bytes.
inline constexpr int kCifarSide = 32;
inline constexpr int kCifarClasses = 10;
inline constexpr size_t kCifarRecordBytes = 1 + 3 * kCifarSide * kCifarSide;
inline constexpr size_t kCifarBatchRecords = 10'000;  // at most

// Adds the records of one file, whose name is for messages. Throws Error with the byte position: no
// record, more than a batch has, a record cut short, a label out of range.
void ParseCifarBatch(std::span<const uint8_t> bytes, const std::string& name, MemoryImages& images);

// The class names of batches.meta.txt, one a line. Throws Error unless there are ten different ones
// of up to 100 characters.
std::vector<std::string> ParseCifarNames(const std::string& text, const std::string& name);

// Opens "cifar10:DIR": data_batch_1.bin .. data_batch_5.bin, test_batch.bin and, where present,
// batches.meta.txt, in DIR or in DIR/cifar-10-batches-bin.
std::unique_ptr<Dataset> OpenCifarDataset(const std::string& directory);

// Reads test_batch.bin alone, or with `train` the training batches alone, as the images to test on
// (OpenTestImages).
std::unique_ptr<Dataset> OpenCifarTest(const std::string& directory, bool train);

}  // namespace dse
