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

struct SpaceSpec;

// A space: a distribution over models, written as a JSON document (README of this folder).
// Immutable; may be shared by threads.
class Space {
 public:
  // The built-in space of that name, else the document in the file of that name, with `options`
  // applied. Throws Error: unknown name (nearest one suggested), unknown key or word, wrong type or
  // range (with the path inside the document), an `extends` that goes in a circle.
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

  struct Compiled;  // distributions as tables; the sampler's own business
  const Compiled& compiled() const { return *compiled_; }

 private:
  Space();
  static Space Make(const SpaceSpec& spec, const std::string& where);

  std::string name_;
  Json document_;
  std::unique_ptr<const Compiled> compiled_;
};

// Names of the built-in spaces, "AnyNetXA" first: those of the paper with block X, then the same
// with Y, R, V and VR.
const std::vector<std::string>& BuiltInSpaceNames();

}  // namespace dse
