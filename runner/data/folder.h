#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "runner/data/dataset.h"

namespace dse {

// Decoded images up to this many bytes are kept in memory; above it they are decoded when asked
// for.
inline constexpr int64_t kImageMemory = int64_t{2} << 30;

// Opens "folder:DIR" (see OpenDataset). In memory, every image was decoded once: a corrupt one is
// not in the set. Above `memory` bytes only the headers and ends were read, so further ones may be
// found when they are read: Load and LoadCut throw CorruptImage. Throws Error of this machine for a
// file that cannot be read at all.
std::unique_ptr<Dataset> OpenFolderDataset(const std::string& directory, int threads,
                                           int64_t memory = kImageMemory);

// Opens the images to test on alone, as FindTestFolder (folder_listing.h) finds them: the training
// split is empty, and what lies in other folders is not read.
std::unique_ptr<Dataset> OpenFolderTest(const std::string& directory, const TestWish& wish,
                                        int threads, int64_t memory = kImageMemory);

}  // namespace dse
