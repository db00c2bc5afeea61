#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace dse {

// Options of the command line that replace members of a space's document.
struct SpaceOptions {
  std::optional<int> resolution = {};
  std::optional<int> classes = {};
  std::optional<int> stages = {};
  std::optional<int> stem_width = {};
  std::optional<std::string> stem = {};
  std::optional<std::string> activation = {};
};

struct CompiledSpace;
struct LoadedSpace;
struct SpaceSpec;

// A space: a distribution over models, written as a JSON document (README of this folder).
// Immutable; may be shared by threads.
class Space {
 public:
  // The built-in space of that name, else the document in the file of that name, with `options`
  // applied. Throws Error: unknown name (nearest one suggested), unknown key or word, wrong type or
  // range (with the path inside the document), an `extends` that goes in a circle, constraints that
  // no network of the space keeps.
  static Space Load(const std::string& name_or_file, const SpaceOptions& options = {});
  static Space FromDocument(const Json& document, const std::string& where,
                            const SpaceOptions& options = {});

  Space(Space&&) noexcept;
  Space& operator=(Space&&) noexcept;
  ~Space();

  const std::string& name() const;
  // The document with `extends` and options resolved: it stands alone and draws the same models.
  const Json& document() const;
  // Key of the candidates' random streams: (seed, document without names).
  uint64_t StreamKeyFor(uint64_t seed) const;

  const SpaceSpec& spec() const { return *spec_; }              // the document, typed
  const CompiledSpace& compiled() const { return *compiled_; }  // the document as tables

 private:
  Space();
  static Space Make(const LoadedSpace& loaded, const SpaceOptions& options);

  std::unique_ptr<const Json> document_;
  std::unique_ptr<const SpaceSpec> spec_;
  std::unique_ptr<const CompiledSpace> compiled_;
};

// Names of the built-in spaces, "AnyNetXA" first: those of the paper with block X, then the same
// with Y, R, V and VR.
const std::vector<std::string>& BuiltInSpaceNames();

}  // namespace dse
