#pragma once

#include <span>
#include <string>
#include <string_view>

namespace dse {

// Writes the parts one after another to a new file beside `path`, brings it to the disk and renames
// it to `path`. Throws Error that names the file; then nothing is left behind and an old file is as
// it was.
void ReplaceFile(const std::string& path, std::span<const std::string_view> parts);

// Renames and brings the folder to the disk. Throws Error.
void RenameDurably(const std::string& from, const std::string& to);

}  // namespace dse
