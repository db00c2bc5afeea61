#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runner/dataset.h"

namespace dse {

// Decoded images up to this many bytes are kept in memory; above it they are decoded when asked
// for.
inline constexpr int64_t kImageMemory = int64_t{2} << 30;

// Opens "folder:DIR" (see OpenDataset). In memory, every image was decoded once: one with damaged
// data is left out and counted. Above `memory` bytes only the headers were read, so Load throws
// Error for a file that turns out not to decode, and makes do with what is there of a file that was
// cut short.
std::unique_ptr<Dataset> OpenFolderDataset(const std::string& directory, int threads,
                                           int64_t memory = kImageMemory);

// Opens the images to test on alone, as FindTestFolder (folder_listing.h) finds them: the training
// split is empty, and what lies in other folders is not read.
std::unique_ptr<Dataset> OpenFolderTest(const std::string& directory, const TestWish& wish,
                                        int threads, int64_t memory = kImageMemory);

}  // namespace dse
