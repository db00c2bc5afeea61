#pragma once

#include <memory>
#include <string>

#include "runner/data/dataset.h"

namespace dse {

// Opens "pack:FILE", which WritePack made: the index is checked as a whole, a payload when it is
// read. Throws Error that names the file: missing, another version, cut short, altered, a shard of
// another pack. Load and LoadCut throw CorruptImage that names shard and image for a payload whose
// checksum does not hold or that does not decode.
std::unique_ptr<Dataset> OpenPackDataset(const std::string& path);

}  // namespace dse
