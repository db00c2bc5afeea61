#include "sampler/space_document.h"

#include <algorithm>
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

// Members of `own` replace those of `base`; parameters do so one by one; constraints are appended.
Json MergeInto(Json base, const Json& own, const std::string& where) {
  for (const auto& [key, value] : own.items()) {
    if (key == "extends") continue;
    const bool nested = base.contains(key) && (key == "parameters" || key == "constraints");
    if (!nested) {
      if (key == "type" && base.contains(key) && base[key] != value) {
        throw Error(where + ": type is " + value.dump() + ", but the space it extends is " +
                    base[key].dump());
      }
      base[key] = value;
    } else if (key == "parameters") {
      for (const auto& [name, distribution] : value.items()) base[key][name] = distribution;
    } else {
      base[key].insert(base[key].end(), value.begin(), value.end());
    }
  }
  return base;
}

void CheckShape(const Source& source) {
  const Json& document = source.document;
  if (!document.is_object()) throw Error(source.where + ": must be a JSON object");
  if (document.contains("parameters") && !document["parameters"].is_object()) {
    throw Error(source.where + ": parameters must be a JSON object");
  }
  if (document.contains("constraints") && !document["constraints"].is_array()) {
    throw Error(source.where + ": constraints must be a list");
  }
}

// Follows `extends` from document to document; `path` holds the identities on the way.
Json Merge(const Source& source, std::vector<std::string> path) {
  CheckShape(source);
  const bool circle = std::find(path.begin(), path.end(), source.identity) != path.end();
  path.push_back(source.identity);
  if (circle) {
    std::string steps;
    for (const std::string& step : path) steps += (steps.empty() ? "" : " -> ") + step;
    throw Error(source.where + ": 'extends' goes in a circle: " + steps);
  }
  const auto extends = source.document.find("extends");
  if (extends == source.document.end()) return source.document;
  if (!extends->is_string()) {
    throw Error(source.where + ": extends must be the name of a space or a file, not " +
                extends->dump());
  }
  const Source base =
      Find(extends->get<std::string>(), source.folder, source.where + ": extends: ");
  return MergeInto(Merge(base, std::move(path)), source.document, source.where);
}

}  // namespace

SpaceDocument LoadSpaceDocument(const std::string& name_or_file) {
  const Source source = Find(name_or_file, "", "");
  return {source.where, source.document, Merge(source, {})};
}

SpaceDocument MergeSpaceDocument(const Json& own, const std::string& where,
                                 const std::filesystem::path& folder) {
  Source source{where, where, folder, own};
  if (own.is_object() && !own.contains("name")) source.document["name"] = "custom";
  return {where, source.document, Merge(source, {})};
}

}  // namespace dse
