#include "sampler/space_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/suggest.h"
#include "sampler/built_in_spaces.h"
#include "sampler/space.h"

namespace dse {
namespace {

namespace fs = std::filesystem;

// A document before `extends` is followed.
struct Source {
  std::string where;
  std::string identity;  // tells a circle: the built-in's name or the absolute path
  fs::path folder;       // files it extends are looked up here
  Json document;
};

bool LooksLikeFile(const std::string& name) {
  return name.find('/') != std::string::npos || fs::path(name).has_extension();
}

// The built-in space of that name, else the file, relative to `folder`. `said_by` starts the
// message about a name that is neither.
Source Find(const std::string& name, const fs::path& folder, const std::string& said_by) {
  if (std::optional<BuiltInSpace> space = FindBuiltInSpace(name)) {
    return {"space " + space->name, space->name, "", std::move(space->document)};
  }
  const fs::path file = folder / name;
  std::error_code failed;
  if (!fs::exists(file, failed) && !LooksLikeFile(name)) {
    throw Error(said_by + "there is no space and no file named '" + name + "'" +
                DidYouMean(name, BuiltInSpaceNames()));
  }
  Source source{file.string(), fs::weakly_canonical(file, failed).string(), file.parent_path(), {}};
  source.document = ParseJson(ReadFile(file.string()), source.where);
  if (source.document.is_object() && !source.document.contains("name"))
    source.document["name"] = file.stem().string();
  return source;
}

// Follows `extends` from document to document; `path` holds the identities on the way.
SpaceSpec Read(const Source& source, std::vector<std::string> path) {
  const bool circle = std::find(path.begin(), path.end(), source.identity) != path.end();
  path.push_back(source.identity);
  if (circle) {
    std::string steps;
    for (const std::string& step : path) steps += (steps.empty() ? "" : " -> ") + step;
    throw Error(source.where + ": 'extends' goes in a circle: " + steps);
  }
  if (!source.document.is_object()) throw Error(source.where + ": must be a JSON object");
  const auto extends = source.document.find("extends");
  if (extends == source.document.end()) {
    return ParseSpaceSpec(source.document, nullptr, source.where);
  }
  if (!extends->is_string()) {
    throw Error(source.where + ": extends must be the name of a space or a file, not " +
                extends->dump());
  }
  const Source base =
      Find(extends->get<std::string>(), source.folder, source.where + ": extends: ");
  const SpaceSpec base_spec = Read(base, std::move(path));
  return ParseSpaceSpec(source.document, &base_spec, source.where);
}

}  // namespace

LoadedSpace LoadSpace(const std::string& name_or_file) {
  const Source source = Find(name_or_file, "", "");
  return {Read(source, {}), source.where};
}

LoadedSpace ReadSpace(const Json& document, const std::string& where,
                      const std::filesystem::path& folder) {
  Source source{where, where, folder, document};
  if (document.is_object() && !document.contains("name")) source.document["name"] = "custom";
  return {Read(source, {}), where};
}

}  // namespace dse
