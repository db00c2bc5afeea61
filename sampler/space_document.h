#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "sampler/space_spec.h"

namespace dse {

// A space as read, and how errors name it: "space AnyNetXA", or the name of the file.
struct LoadedSpace {
  SpaceSpec spec;
  std::string where;
};

// The built-in space of that name, else the file. Throws Error: unknown name (nearest one
// suggested), unreadable file, no JSON, `extends` in a circle, whatever ParseSpaceSpec refuses. A
// space that is extended must be whole by itself, so each file answers for its own mistakes.
LoadedSpace LoadSpace(const std::string& name_or_file);

// The same for a document at hand; files it extends are looked up from `folder`.
LoadedSpace ReadSpace(const Json& document, const std::string& where,
                      const std::filesystem::path& folder);

}  // namespace dse
