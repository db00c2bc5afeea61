#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"

namespace dse {

// A document as its author wrote it, and with what it extends merged in.
struct SpaceDocument {
  std::string where;  // how errors name it: "space AnyNetXA", or the name of the file
  Json own;
  Json merged;
};

// Loads the built-in space of that name, else the file. Throws Error: unknown name (nearest one
// suggested), unreadable file, no JSON, `extends` in a circle.
SpaceDocument LoadSpaceDocument(const std::string& name_or_file);

// The same for a document at hand; files it extends are looked up from `folder`.
SpaceDocument MergeSpaceDocument(const Json& own, const std::string& where,
                                 const std::filesystem::path& folder);

}  // namespace dse
